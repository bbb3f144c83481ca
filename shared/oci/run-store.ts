import { advance } from '../run/advance.ts';
import type { Fact } from '../run/facts.ts';
import type { Policy } from '../run/policy.ts';
import type { Run } from '../run/run.ts';
import type { Clients } from './clients.ts';
import { DocumentConflictError, type LedgerAddress, openDocuments, type Stored } from './documents.ts';
import { listObjectNames } from './objects.ts';

/** `runs/ID` is the record, `open/ID` an empty marker while it is open: finding open runs costs nothing for closed ones. */
const RUNS = 'runs/';
const OPEN = 'open/';

/** Two drivers of one run meet now and then; more rounds than this are no coincidence. */
const MAX_CONFLICTS = 10;

export interface RunStore {
  get(id: string): Promise<Stored<Run> | undefined>;
  /** Ids of the open runs. */
  openIds(): AsyncGenerator<string>;
  /** Ids of all runs, optionally those that begin with `prefix`. */
  ids(prefix?: string): AsyncGenerator<string>;
  /**
   * Writes a new run, its marker first, so that no run is ever open without one.
   *
   * @returns `opened: false` and the run that is there, where the id is known already
   */
  open(run: Run): Promise<{ stored: Stored<Run>; opened: boolean }>;
  /** Moves a run by a fact; on a conflict it is read again and the fact applied to what is there. */
  advance(stored: Stored<Run>, fact: Fact, policy: Policy): Promise<Stored<Run>>;
  /** Puts the marker of an open run back, or takes that of a closed one away. */
  setMarker(id: string, open: boolean): Promise<void>;
}

export function openRunStore(clients: Clients, ledger: LedgerAddress): RunStore {
  const documents = openDocuments(clients, ledger);

  async function* idsUnder(folder: string, prefix = ''): AsyncGenerator<string> {
    for await (const name of listObjectNames(clients, ledger, folder + prefix))
      yield name.slice(folder.length);
  }

  const store: RunStore = {
    get: (id) => documents.read<Run>(RUNS + id),
    openIds: () => idsUnder(OPEN),
    ids: (prefix) => idsUnder(RUNS, prefix),
    async open(run) {
      await documents.mark(OPEN + run.id);
      try {
        return { stored: await documents.write(RUNS + run.id, run, null), opened: true };
      } catch (error) {
        if (!(error instanceof DocumentConflictError)) throw error;
      }
      const stored = await documents.read<Run>(RUNS + run.id);
      if (!stored) throw new DocumentConflictError(RUNS + run.id);
      if (stored.value.closedAt !== null) await documents.remove(OPEN + run.id);
      return { stored, opened: false };
    },
    async advance(stored, fact, policy) {
      let current = stored;
      for (let round = 0; round < MAX_CONFLICTS; round += 1) {
        const { run } = advance(current.value, fact, policy);
        if (run === current.value) return current;
        try {
          return await documents.write(RUNS + run.id, run, current.eTag);
        } catch (error) {
          if (!(error instanceof DocumentConflictError)) throw error;
        }
        const fresh = await documents.read<Run>(RUNS + run.id);
        if (!fresh) throw new DocumentConflictError(RUNS + run.id);
        current = fresh;
      }
      throw new DocumentConflictError(RUNS + stored.value.id);
    },
    setMarker: (id, open) => (open ? documents.mark(OPEN + id) : documents.remove(OPEN + id)),
  };
  return store;
}
