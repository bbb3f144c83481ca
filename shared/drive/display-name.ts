import { cut, printable } from '../printable.ts';

/** An image's display name, where OCI cuts it. */
const MAX_DISPLAY_NAME_LENGTH = 255;

/** The basename without its extension; the whole name where nothing would be left. */
export function defaultDisplayName(object: string): string {
  const basename = object.slice(object.lastIndexOf('/') + 1) || object;
  const name = basename.replace(/(?<=.)\.[A-Za-z0-9]+$/, '');
  return cut(printable(name), MAX_DISPLAY_NAME_LENGTH);
}
