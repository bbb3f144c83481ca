import { returnTicket, type Trade, takeTicket, ticketOf } from '../oci/tickets.ts';
import type { Branch, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { NewFact } from './perform.ts';

/** A branch's place among all runs that want the same of a region. */
interface Turn {
  /** How many are at work, or wait, before it. */
  readonly ahead: number;
  /** That it has to wait; undefined where it may go. */
  readonly waiting: NewFact | undefined;
}

/** Takes a branch's turn, or its place among those that wait for theirs. */
export async function takeTurn(
  { config, documents }: Deployment,
  trade: Trade,
  region: string,
  run: Run,
  branch: Branch,
): Promise<Turn> {
  const ticket = branchTicket(trade, region, run, branch);
  const ahead = await takeTicket(documents, ticket);
  // Not listed yet, or returned by somebody: then it is taken anew.
  const admitted = ahead >= 0 && ahead < atOnceOf(config, ticket);
  return { ahead, waiting: admitted ? undefined : { kind: 'queued', branch: branch.id, ticket } };
}

/** Gives back what a branch may hold: the next one's turn has come. */
export async function endTurns({ documents }: Deployment, run: Run, branch: Branch): Promise<void> {
  const tickets = [branchTicket('import', branch.region, run, branch)];
  if (branch.copy && run.source) tickets.push(branchTicket('copy', run.source.region, run, branch));
  await Promise.all(tickets.map((ticket) => returnTicket(documents, ticket)));
}

export const endCopyTurn = async ({ documents }: Deployment, run: Run, branch: Branch): Promise<void> => {
  if (run.source) await returnTicket(documents, branchTicket('copy', run.source.region, run, branch));
};

/** How many of a ticket's kind may work at once. */
export const atOnceOf = (config: Deployment['config'], ticket: string): number =>
  ticket.startsWith('copy/') ? config.copiesAtOnce : config.importsAtOnce;

const branchTicket = (trade: Trade, region: string, run: Run, branch: Branch) =>
  ticketOf(trade, region, run.id, branch.id);
