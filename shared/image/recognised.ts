import type { Problem } from '../finding.ts';
import type { ImageFormat, OpenImage } from './format.ts';

/** A format that OCI does not import, and that is only known by its mark. */
export interface RecognisedFormat {
  /** See `ImageFormat`. */
  readonly name: string;
  readonly extensions: readonly string[];
  readonly matches: ImageFormat['matches'];
  /** For a person: "a Hyper-V disk (VHDX)". */
  readonly title: string;
  readonly code: string;
  /** The command that makes it importable, from the object's name. */
  readonly remedy: (name: string) => string;
}

/** The format whose images are refused with a remedy, whatever is in them: nothing but the mark is read. */
export function recognisedFormat(format: RecognisedFormat): ImageFormat {
  return {
    name: format.name,
    extensions: format.extensions,
    matches: format.matches,
    open: async (_source, name) => rejectedImage(format, format.remedy(name)),
  };
}

/** An image of a format that OCI does not import. */
export function rejectedImage(
  { name, title, code }: Pick<RecognisedFormat, 'name' | 'title' | 'code'>,
  remedy: string,
): OpenImage {
  const problem: Problem = {
    code,
    severity: 'reject',
    sentence: `The object is ${title}; OCI imports qcow2, VMDK and its own .oci archives.`,
    remedy,
  };
  return {
    format: name,
    variant: null,
    virtualSize: null,
    disk: null,
    archive: null,
    problems: [problem],
    evidence: [{ fact: title, source: 'image header' }],
  };
}

/** Does `head` have these bytes at this offset? */
export function hasMark(head: Buffer, offset: number, mark: Buffer): boolean {
  return head.subarray(offset, offset + mark.length).equals(mark);
}
