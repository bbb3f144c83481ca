import { matchesWildcard } from '../../events/condition.ts';

/** Is an object of this name no image? @param patterns as in config.json's `ignoreNames` */
export function isIgnoredName(name: string, patterns: readonly string[]): boolean {
  const lowered = name.toLowerCase();
  return patterns.some((pattern) => matchesWildcard(pattern.toLowerCase(), lowered));
}
