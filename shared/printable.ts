/** Control, format (bidirectional overrides, zero width), surrogate and line-separating characters. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What makes a pre-authenticated request's URL a secret: `/p/SECRET/n/NAMESPACE/…`, or the same percent-encoded. */
const PAR_SECRET = /(\/|%2f)p\1(?:(?!\1)[^\s"])+\1n\1/gi;

/**
 * A service's message may quote the URL of a pre-authenticated request, and such messages are logged, published and
 * shown: what comes back opens nothing.
 */
export const withoutSecrets = (text: string): string => text.replace(PAR_SECRET, '/p/…/n/');

/**
 * One line of text that may be shown. No terminal or mail client acts upon it: an object's name, or anything else
 * that came from outside, could hold escape sequences or turn the text's direction. Such characters become `\u001b`,
 * as in JSON. And it opens nothing.
 */
export function printable(text: string): string {
  return withoutSecrets(text).replace(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}

/** The text's first `length` UTF-16 units, the measure of OCI's limits; no character is cut in two. */
export function cut(text: string, length: number): string {
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
}
