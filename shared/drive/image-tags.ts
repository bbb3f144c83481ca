import type { Verdict } from '../launch/verdict.ts';
import { cut, printable } from '../printable.ts';
import { MAX_DEFINED_TAGS, mergeDefinedTags } from '../run/defined-tags.ts';
import type { Attestation, Failure, Run } from '../run/run.ts';
import { RUN_TAG } from './own-image.ts';

/** Limits of free-form tags: https://docs.oracle.com/iaas/Content/Tagging/Concepts/taggingoverview.htm */
const MAX_TAGS = 10;
const MAX_TAG_LENGTH = 256;
/** What byoi wrote is said of one image, and of no copy of it; `byoi-replicate-to` on a copy would start a loop. */
export const OWN_TAG_PREFIX = 'byoi-';

/** The free-form tags of a run's image: by which it is known, what it is, and those of the image it is a copy of. */
export function tagsOf(run: Run, verdict: Verdict): Record<string, string> {
  const { image, attestation } = run;
  const tags = {
    [RUN_TAG]: run.id,
    'byoi-source': image ? `${image.region}/${image.imageId}` : sourceName(run),
    'byoi-license': attestation && licenceTag(attestation),
    // A copy says it by its own launch options: the room is its source's.
    ...(!image && {
      'byoi-launch-mode': verdict.launchMode,
      'byoi-firmware': verdict.firmware,
      'byoi-confidence': verdict.confidence,
    }),
  };
  const known = Object.entries(tags).filter((entry): entry is [string, string] => Boolean(entry[1]));
  const own = known.map(([key, value]) => [key, cut(printable(value), MAX_TAG_LENGTH)] as const);
  const carried = Object.entries(image?.freeformTags ?? {}).slice(0, MAX_TAGS - own.length);
  return Object.fromEntries([...own, ...carried]);
}

const mergedTags = ({ definedTags, image }: Run) => mergeDefinedTags(definedTags, image?.definedTags ?? {});

/** Likewise its defined tags: those of config.json, and those of the image it is a copy of. */
export const definedTagsOf = (run: Run): Record<string, Record<string, unknown>> => mergedTags(run).tags;

/** Tells of the tags that found no room. */
export function lostTags(run: Run, verdict: Verdict): Failure[] {
  const kept = tagsOf(run, verdict);
  const lost = Object.keys(run.image?.freeformTags ?? {}).filter((key) => !(key in kept));
  return [
    ...notCarried(lost, `${MAX_TAGS} free-form tags`, 'Use defined tags, of which there may be more.'),
    ...notCarried(
      mergedTags(run).lost,
      `${MAX_DEFINED_TAGS} defined tags`,
      'Take tags off the source image, or out of `definedTags` in config.json.',
    ),
  ];
}

function notCarried(lost: readonly string[], room: string, remedy: string): Failure[] {
  if (lost.length === 0) return [];
  const sentence = `An image takes ${room}: ${lost.map(printable).join(', ')} found no room.`;
  return [{ code: 'TAGS_NOT_CARRIED', sentence, remedy }];
}

const sourceName = ({ source }: Run) => (source ? `${source.bucket}/${source.object}` : null);

const licenceTag = ({ text, how, by, at }: Attestation) =>
  `${how}${by ? ` by ${by}` : ''} at ${at.slice(0, 10)}: ${text}`;
