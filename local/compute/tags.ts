import { z } from 'zod';

/** Limits of free-form tags (Tagging Overview, "Limits on Tags"). */
const MAX_TAGS = 10;
const MAX_KEY = 100;
const MAX_VALUE = 256;

/** The two kinds of tags of a resource; defined tags are kept without looking for their namespaces. */
export const Tags = {
  freeformTags: z
    .record(z.string().min(1).max(MAX_KEY), z.string().max(MAX_VALUE))
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `at most ${MAX_TAGS} tags`)
    .optional(),
  definedTags: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
};

export const DisplayName = z.string().min(1).max(255);
