import type { Documents } from './documents.ts';

/**
 * Whose turn it is: an empty object for each who waits or is at work. Those so many of a list that were made first may
 * work. There is no counter to get out of step, and nobody is overtaken. By their names' order whoever comes late with an
 * early name would take a turn that is taken.
 */
const FOLDER = 'tickets/';

/** What so many may do at once in a region. */
export type Trade = 'copy' | 'import';

/** @param branch of which there is one in a run @returns the same for the same branch */
export const ticketOf = (trade: Trade, region: string, runId: string, branch: string): string =>
  `${trade}/${region}/${runId}-${branch}`;

/** Takes the ticket, where it is not taken yet. @returns how many were taken before it, and not returned since */
export async function takeTicket(documents: Documents, ticket: string): Promise<number> {
  await documents.markOnce(FOLDER + ticket);
  return (await ticketsInOrder(documents, listOf(ticket))).indexOf(ticket);
}

export const returnTicket = (documents: Documents, ticket: string): Promise<void> =>
  documents.remove(FOLDER + ticket);

/** The list that a ticket is in: `copy/us-ashburn-1/`. */
export const listOf = (ticket: string): string => ticket.slice(0, ticket.lastIndexOf('/') + 1);

/** Those whose turn it is. @param list `copy/us-ashburn-1/` */
export async function firstTickets(
  documents: Documents,
  list: string,
  atOnce: number,
): Promise<ReadonlySet<string>> {
  return new Set((await ticketsInOrder(documents, list)).slice(0, atOnce));
}

async function ticketsInOrder(documents: Documents, list: string): Promise<string[]> {
  const tickets: { name: string; time: number }[] = [];
  for await (const { name, createdAt } of documents.list(FOLDER + list))
    tickets.push({ name: name.slice(FOLDER.length), time: createdAt.getTime() });
  // Listed by name, as which those of one moment stay.
  tickets.sort((one, other) => one.time - other.time);
  return tickets.map(({ name }) => name);
}

/** All there are, with the run and the branch that each is of. */
export async function* allTickets(
  documents: Documents,
): AsyncGenerator<{ ticket: string; runId: string; branch: string }> {
  for await (const { name } of documents.list(FOLDER)) {
    const ticket = name.slice(FOLDER.length);
    const [, runId = '', branch = ''] = /([a-z2-7]{26})-([^/]*)$/.exec(ticket) ?? [];
    yield { ticket, runId, branch };
  }
}
