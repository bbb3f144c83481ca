import { type Stage, setStage } from './stage.ts';

/** Journeys wait more than they work: so many side by side keep two cores busy. */
const STAGES = 6;

/**
 * Does the cases on several stages side by side, each case alone on its stage.
 *
 * @param cases asked for one after the other, so that what came of the earlier ones may end them
 * @returns what each case found wrong
 */
export async function sideBySide<T>(
  cases: Iterator<T>,
  work: (stage: Stage, one: T) => Promise<string[]>,
  config: Readonly<Record<string, unknown>> = {},
): Promise<string[]> {
  const wrong: string[] = [];
  await Promise.all(
    Array.from({ length: STAGES }, async () => {
      const stage = await setStage(config);
      try {
        for (let next = cases.next(); !next.done; next = cases.next()) {
          wrong.push(...(await work(stage, next.value).catch((error: unknown) => [String(error)])));
        }
      } finally {
        await stage.byoi.remove();
      }
    }),
  );
  return wrong;
}
