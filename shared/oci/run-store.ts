import { ByoiError } from '../errors.ts';
import { printable } from '../printable.ts';
import { advance } from '../run/advance.ts';
import type { Fact } from '../run/facts.ts';
import type { Policy } from '../run/policy.ts';
import { type Run, SCHEMA } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { DocumentConflictError, type LedgerAddress, openDocuments, type Stored } from './documents.ts';
import { listObjects } from './objects.ts';

/** `runs/ID` is the record, `open/ID` an empty marker while it is open: finding open runs costs nothing for closed ones. */
const RUNS = 'runs/';
const OPEN = 'open/';

/** Two drivers of one run meet now and then; more rounds than this are no coincidence. */
const MAX_CONFLICTS = 10;

/** The record was written by another version of byoi than this. */
export class RunSchemaError extends ByoiError {
  override readonly name = 'RunSchemaError';

  constructor(id: string, schema: unknown) {
    super(
      'RUN_SCHEMA_UNKNOWN',
      `The record of the run ${id} has the schema ${printable(String(schema))}, and this version of byoi has ${SCHEMA}.`,
      'Use the version that is deployed; while a deployment is upgraded, its newer functions go on with the run.',
    );
  }
}

/** What lies there is no record: it was cut short, or is somebody else's. */
export class RunUnreadableError extends ByoiError {
  override readonly name = 'RunUnreadableError';

  constructor(id: string, bucket: string, options?: ErrorOptions) {
    super(
      'RUN_UNREADABLE',
      `The record of the run ${id} is no JSON object: it was cut short, or byoi did not write it.`,
      `Put back what was at ${RUNS}${id} in ${bucket}, from a version or a backup; or take it away, if it was never of byoi.`,
      options,
    );
  }
}

export interface RunMarker {
  readonly id: string;
  readonly createdAt: Date;
}

export interface RunStore {
  /** @throws {RunSchemaError} @throws {RunUnreadableError}; so do all that read a record */
  get(id: string): Promise<Stored<Run> | undefined>;
  /** The markers of the open runs, with when each was made. */
  openMarkers(): AsyncGenerator<RunMarker>;
  /** Ids of all runs, optionally those that begin with `prefix`; in no order of time. */
  ids(prefix?: string): AsyncGenerator<string>;
  /**
   * Writes a new run, its marker first, so that no run is ever open without one.
   *
   * @returns `opened: false` and the run that is there, where the id is known already
   */
  open(run: Run): Promise<{ stored: Stored<Run>; opened: boolean }>;
  /**
   * Moves a run by a fact; on a conflict it is read again and the fact applied to what is there.
   *
   * @returns `written: false` where the fact changed nothing: it was stale, or somebody else said it first
   */
  advance(
    stored: Stored<Run>,
    fact: Fact,
    policy: Policy,
  ): Promise<{ stored: Stored<Run>; written: boolean }>;
  /** As `advance`, of a run that may be closed: marked as open, so that no open run is ever without a marker. */
  reopen: RunStore['advance'];
  /** Puts the marker of an open run back. */
  mark(id: string): Promise<void>;
  /** Takes away the marker of a run that is closed, or that there never was. */
  unmark(id: string): Promise<void>;
}

export function openRunStore(clients: Clients, ledger: LedgerAddress): RunStore {
  const documents = openDocuments(clients, ledger);

  async function* under(folder: string, prefix = ''): AsyncGenerator<RunMarker> {
    for await (const { name, createdAt } of listObjects(clients, ledger, folder + prefix)) {
      yield { id: name.slice(folder.length), createdAt };
    }
  }

  const mark = (id: string) => documents.mark(OPEN + id);

  async function read(id: string): Promise<Stored<Run> | undefined> {
    const stored = await documents.read<Run | null>(RUNS + id).catch((error: unknown) => {
      throw error instanceof SyntaxError
        ? new RunUnreadableError(id, ledger.bucket, { cause: error })
        : error;
    });
    if (!stored) return undefined;
    const { value, eTag } = stored;
    if (typeof value !== 'object' || value === null) throw new RunUnreadableError(id, ledger.bucket);
    // A driver of a version before it would write it back without what it does not know.
    if (value.schema !== SCHEMA) throw new RunSchemaError(id, value.schema);
    return { value, eTag };
  }

  async function unmark(id: string): Promise<void> {
    await documents.remove(OPEN + id);
    // Opened again meanwhile: a run without its marker would be seen by nobody.
    const run = (await documents.read<Run>(RUNS + id))?.value;
    if (run && run.closedAt === null) await mark(id);
  }

  const advanceStored: RunStore['advance'] = async (stored, fact, policy) => {
    let current = stored;
    for (let round = 0; round < MAX_CONFLICTS; round += 1) {
      const { run } = advance(current.value, fact, policy);
      if (run === current.value) return { stored: current, written: false };
      try {
        return { stored: await documents.write(RUNS + run.id, run, current.eTag), written: true };
      } catch (error) {
        if (!(error instanceof DocumentConflictError)) throw error;
      }
      const fresh = await read(run.id);
      if (!fresh) throw new DocumentConflictError(RUNS + run.id);
      current = fresh;
    }
    throw new DocumentConflictError(RUNS + stored.value.id);
  };

  return {
    get: read,
    openMarkers: () => under(OPEN),
    async *ids(prefix) {
      for await (const { id } of under(RUNS, prefix)) yield id;
    },
    async open(run) {
      const [known] = await Promise.all([read(run.id), mark(run.id)]);
      if (known?.value.closedAt != null) await unmark(run.id);
      if (known) return { stored: known, opened: false };
      try {
        return { stored: await documents.write(RUNS + run.id, run, null), opened: true };
      } catch (error) {
        if (!(error instanceof DocumentConflictError)) throw error;
      }
      const stored = await read(run.id);
      if (!stored) throw new DocumentConflictError(RUNS + run.id);
      return { stored, opened: false };
    },
    advance: advanceStored,
    async reopen(stored, fact, policy) {
      await mark(stored.value.id);
      const advanced = await advanceStored(stored, fact, policy);
      // Whoever closed it may just have taken the first one away.
      if (advanced.written) await mark(stored.value.id);
      else if (advanced.stored.value.closedAt !== null) await unmark(stored.value.id);
      return advanced;
    },
    mark,
    unmark,
  };
}
