import * as z from 'zod';
import { isSystemNamespace, MAX_DEFINED_TAGS, tagNames } from '../run/defined-tags.ts';

/** Limits of a tag. https://docs.oracle.com/iaas/Content/Tagging/Concepts/taggingoverview.htm, "Limits on Tags" */
const MAX_VALUE_LENGTH = 256;
/** Printable ASCII but for the full stop, 100 characters. */
const NAME = /^[\x21-\x2d\x2f-\x7e]{1,100}$/;
/** OCI takes 5 KB of a resource's tags, as JSON; byoi's own free-form tags, and those that OCI adds, take the rest. */
const MAX_BYTES = 4096;

const BAD_NAME =
  'a namespace or key of a tag has 1 to 100 printable ASCII characters, without space and full stop';

const byName = <T extends z.ZodType>(value: T) =>
  z.record(z.string().regex(NAME), value, {
    error: ({ code }) => (code === 'invalid_key' ? BAD_NAME : undefined),
  });

/** `{Namespace: {Key: 'value'}}`, as OCI takes the defined tags of a resource. */
export const definedTagsSchema = byName(byName(z.string().max(MAX_VALUE_LENGTH))).superRefine(
  (tags, { addIssue }) => {
    for (const [namespace, keys] of Object.entries(tags)) {
      if (isSystemNamespace(namespace)) addIssue(`only OCI itself sets the tags of ${namespace}`);
      if (Object.keys(keys).length === 0) addIssue(`${namespace} has no key`);
    }
    const names = tagNames(tags);
    const repeated = names.find((name, index) => names.indexOf(name) !== index);
    if (repeated) addIssue(`${repeated} is there twice, and OCI takes all spellings for one tag`);
    if (names.length > MAX_DEFINED_TAGS) addIssue(`a resource has at most ${MAX_DEFINED_TAGS} defined tags`);
    if (Buffer.byteLength(JSON.stringify(tags)) > MAX_BYTES)
      addIssue(`they have more than ${MAX_BYTES} bytes: OCI takes 5 KB of tags, and byoi adds its own`);
  },
);
