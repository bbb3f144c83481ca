import { meter } from './bytes/budget.ts';
import { BudgetExceededError } from './bytes/errors.ts';
import { noteFailures } from './bytes/failures.ts';
import { type PagedSource, paged } from './bytes/paged.ts';
import type { ByteSource } from './bytes/source.ts';
import { type DiskReading, readDisk } from './disk/read-disk.ts';
import { ByoiError, failureOf } from './errors.ts';
import type { Problem } from './finding.ts';
import type { GuestReading } from './guest/guest.ts';
import { readGuest } from './guest/read-guest.ts';
import type { OpenImage } from './image/format.ts';
import { openImage } from './image/formats.ts';
import { type ObjectMetadata, type ObjectSettings, parseOverrides } from './launch/overrides.ts';
import type { Verdict } from './launch/verdict.ts';
import { type Findings, refused, weigh } from './launch/weigh.ts';

/** Many times what any honest image takes; an image that takes more is refused, not read for an hour. */
export const BUDGET = { requests: 1000, bytes: 256 * 2 ** 20 };

/** What is inspected. */
export interface Inspected {
  /** The object's name, or a file's path. */
  readonly name: string;
  /** The object's metadata as HEAD returns it; what `opc-meta-byoi-*` in it says wins. */
  readonly metadata?: ObjectMetadata;
  /** Also reads what no longer changes the verdict; by default reading stops as soon as it is decided. */
  readonly explain?: boolean;
}

/**
 * Reads an image through `source`, a page and a few requests at a time, and says what OCI should be told
 * at its import, and why. An image that must not be imported gives problems with severity `reject`.
 *
 * @throws {ByoiError} when the bytes could not be had: trying again may help
 * @example
 * const verdict = await inspect(await openFile('disk.qcow2'), { name: 'disk.qcow2' });
 * console.log(verdict.launchMode, rejections(verdict));
 */
export async function inspect(
  source: ByteSource,
  { name, metadata = {}, explain = false }: Inspected,
): Promise<Verdict> {
  const started = performance.now();
  const { guarded, failures } = noteFailures(source);
  const metered = meter(guarded, BUDGET);
  const settings = parseOverrides(metadata);
  const findings = isAddressable(name)
    ? await readFindings({ source: paged(metered), name, settings, explain, failures })
    : refused([...settings.problems, NAME_UNSUPPORTED]);
  const milliseconds = Math.round(performance.now() - started);
  return { ...findings, cost: { ...metered.cost, milliseconds } };
}

interface Task {
  readonly source: PagedSource;
  readonly name: string;
  readonly settings: ObjectSettings;
  readonly explain: boolean;
  /** The source's own errors. */
  readonly failures: ReadonlySet<unknown>;
}

async function readFindings({ source, name, settings, explain, failures }: Task): Promise<Findings> {
  /** An error while the image is read is the image's, unless it is the source's own or a mistake of ours. */
  function refusal(error: unknown): Problem {
    if (failures.has(error) || !(error instanceof ByoiError)) throw error;
    return { ...failureOf(error), severity: 'reject' };
  }
  let image: OpenImage;
  try {
    image = await openImage(source, name);
  } catch (error) {
    return refused([...settings.problems, refusal(error)]);
  }
  const problems: Problem[] = [];
  let disk: DiskReading | null = null;
  let guest: GuestReading | null = null;
  if (image.disk) {
    source.expectScatteredReads();
    const { guarded, failures: damages } = noteFailures(image.disk);
    try {
      disk = await readDisk(guarded);
      guest = await readGuest(disk, { explain });
    } catch (error) {
      problems.push(error instanceof BudgetExceededError && disk ? stopped(error) : refusal(error));
    }
    // A guest is read as far as it goes, but an image that cannot give what it should have is damaged.
    const [damage] = [...damages].filter((error) => !(error instanceof BudgetExceededError));
    if (problems.length === 0 && damage !== undefined) problems.push(refusal(damage));
  }
  const baseName = name.slice(name.lastIndexOf('/') + 1);
  return weigh({ image, disk, guest, problems }, baseName, settings);
}

/** The image may be as honest as any; the launch mode is assumed from what was read so far. */
function stopped({ message }: BudgetExceededError): Problem {
  return {
    code: 'GUEST_READING_STOPPED',
    severity: 'warn',
    sentence: `The guest's files were not read to the end. ${message}`,
    remedy: 'If you know how the guest starts, set the object metadata opc-meta-byoi-launch-mode.',
  };
}

/** The SDK would resolve `.` and `..` in the object's URL, and ask for another one. */
function isAddressable(name: string): boolean {
  return name !== '.' && name !== '..';
}

const NAME_UNSUPPORTED: Problem = {
  code: 'OBJECT_NAME_UNSUPPORTED',
  severity: 'reject',
  sentence: 'An object named "." or ".." has no URL of its own, so it cannot be imported.',
  remedy: 'Upload it under another name.',
};
