import { BudgetExceededError } from './errors.ts';
import type { ByteSource } from './source.ts';

/** How much one inspection may read. */
export interface ReadBudget {
  readonly requests: number;
  readonly bytes: number;
}

/** A source that knows what was read through it so far. */
export interface MeteredSource extends ByteSource {
  readonly cost: { readonly requests: number; readonly bytes: number };
}

/**
 * Counts the reads of a slow source and refuses those beyond the budget, so that no image, however it
 * is made, costs more than that. It goes below the page cache: only what leaves the process counts.
 *
 * @throws {BudgetExceededError} from `read`, before anything is read
 */
export function meter(source: ByteSource, budget: ReadBudget): MeteredSource {
  const cost = { requests: 0, bytes: 0 };
  return {
    size: source.size,
    cost,
    async read(offset, length) {
      if (cost.requests + 1 > budget.requests) throw new BudgetExceededError('requests', budget.requests);
      if (cost.bytes + length > budget.bytes) throw new BudgetExceededError('bytes', budget.bytes);
      cost.requests += 1;
      cost.bytes += length;
      return source.read(offset, length);
    },
  };
}
