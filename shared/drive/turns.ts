import { returnTicket, type Trade, takeTicket, ticketOf } from '../oci/tickets.ts';
import type { Branch, Run } from '../run/run.ts';
import type { Deployment } from '../runtime/deployment.ts';
import type { NewFact } from './perform.ts';

/**
 * Takes a branch's turn among all runs that want the same of a region.
 *
 * @returns the fact that it has to wait; undefined where it may go
 */
export async function takeTurn(
  { config, documents }: Deployment,
  trade: Trade,
  region: string,
  run: Run,
  branch: Branch,
): Promise<NewFact | undefined> {
  const ticket = branchTicket(trade, region, run, branch);
  const admitted = await takeTicket(documents, ticket, atOnceOf(config, ticket));
  return admitted ? undefined : { kind: 'queued', branch: branch.id, ticket };
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
