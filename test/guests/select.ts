import { CATALOGUE, type Guest } from './catalogue.ts';

/** The guests that BYOI_GUESTS names: `always`, names with commas between, or all of the catalogue. */
export function selectedGuests(names = process.env.BYOI_GUESTS ?? ''): readonly Guest[] {
  if (names === '') return CATALOGUE;
  if (names === 'always') return CATALOGUE.filter(({ always }) => always);
  return names.split(',').map((name) => {
    const guest = CATALOGUE.find((one) => one.name === name);
    if (!guest)
      throw new Error(`No guest is called ${name}: ${CATALOGUE.map((one) => one.name).join(', ')}.`);
    return guest;
  });
}
