import type { DefinedTags } from './run.ts';

/** Of a resource. https://docs.oracle.com/iaas/Content/Tagging/Concepts/taggingoverview.htm, "Limits on Tags" */
export const MAX_DEFINED_TAGS = 64;

/** Made and kept by OCI itself; nobody else may set them. */
const SYSTEM_NAMESPACES = new Set(['oracle-tags', 'orcl-cloud']);

/** OCI takes namespaces and keys in any case for the same. */
export const isSystemNamespace = (namespace: string): boolean =>
  SYSTEM_NAMESPACES.has(namespace.toLowerCase());

interface DefinedTag {
  readonly namespace: string;
  readonly key: string;
  readonly value: unknown;
}

const listOf = (tags: DefinedTags): DefinedTag[] =>
  Object.entries(tags).flatMap(([namespace, keys]) =>
    Object.entries(keys).map(([key, value]) => ({ namespace, key, value })),
  );

/** The tag's name for a person, `Namespace.Key`. */
const nameOf = ({ namespace, key }: DefinedTag): string => `${namespace}.${key}`;

/** Names of tags, each as often as there is one of that name in any case. */
export const tagNames = (tags: DefinedTags): string[] => listOf(tags).map((tag) => nameOf(tag).toLowerCase());

/**
 * The defined tags of an image: those that are configured, for they may be required, and of those of the image that it is
 * a copy of as many as find room. Where both have a tag, the value is that image's own.
 *
 * @returns `lost`: names of the source image's that found no room
 */
export function mergeDefinedTags(
  configured: DefinedTags,
  carried: DefinedTags,
): { readonly tags: Record<string, Record<string, unknown>>; readonly lost: string[] } {
  const merged = new Map<string, DefinedTag>();
  // A tag that is known keeps its place, and so its room.
  for (const tag of [...listOf(configured), ...listOf(carried)]) merged.set(nameOf(tag).toLowerCase(), tag);
  const all = Array.from(merged.values());
  return {
    tags: byNamespace(all.slice(0, MAX_DEFINED_TAGS)),
    lost: all.slice(MAX_DEFINED_TAGS).map(nameOf),
  };
}

/** A namespace stands once, as the last of its tags writes it. */
function byNamespace(tags: readonly DefinedTag[]): Record<string, Record<string, unknown>> {
  const groups = new Map<string, { namespace: string; entries: [string, unknown][] }>();
  for (const { namespace, key, value } of tags) {
    const known = groups.get(namespace.toLowerCase());
    groups.set(namespace.toLowerCase(), { namespace, entries: [...(known?.entries ?? []), [key, value]] });
  }
  return Object.fromEntries(
    Array.from(groups.values(), ({ namespace, entries }) => [namespace, Object.fromEntries(entries)]),
  );
}
