/** The upper half of IBM's code page 437. */
const UPPER_HALF =
  'ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»' +
  '░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00a0';

/**
 * A short name or a label as text. FAT says of no volume in which code page they are; 437 is Linux' default. Other
 * letters than ASCII's have long names beside them, which are UTF-16.
 */
export const codePage437 = (bytes: Buffer): string =>
  bytes
    .toString('latin1')
    .replace(/[\u0080-\u00ff]/g, (byte) => UPPER_HALF.charAt(byte.charCodeAt(0) - 0x80));
