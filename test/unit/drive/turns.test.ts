import { describe, expect, it } from 'vitest';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { drive } from '../../../shared/drive/drive.ts';
import { takeTurn } from '../../../shared/drive/turns.ts';
import { allTickets } from '../../../shared/oci/tickets.ts';
import { fakeClients, fakeDeployment, memoryDocuments } from '../../support/fake-oci.ts';
import { aBranch, aRun } from '../../support/runs.ts';

describe('a driver that takes a ticket for a branch that was ended meanwhile', () => {
  const branch = aBranch({ step: 'authorize', par: null, imageId: null, workRequestId: null });
  const ended = { ...branch, step: 'done', failure: { code: 'CANCELED', sentence: '', remedy: '' } } as const;

  /** @returns the tickets that are left once the driver has been told that its fact is stale */
  async function ticketsAfter(importsAtOnce: number): Promise<string[]> {
    const documents = memoryDocuments();
    const deployment = fakeDeployment({
      documents,
      deadline: NO_DEADLINE,
      config: { importsAtOnce },
      clients: fakeClients({
        objectStorage: {
          createPreauthenticatedRequest: () => ({ preauthenticatedRequest: { id: 'par', fullPath: 'u' } }),
          listPreauthenticatedRequests: () => ({ items: [] }),
          deletePreauthenticatedRequest: () => ({}),
        },
      }),
      runs: {
        advance: async () => ({
          stored: { value: aRun({ branches: [ended] }), eTag: '2' },
          written: false,
        }),
      },
    });
    const first = aRun({ id: 'b'.repeat(26) });
    await takeTurn(deployment, 'import', branch.region, first, branch);
    await drive(deployment, { value: aRun({ branches: [branch] }), eTag: '1' });
    const left = [];
    for await (const { runId } of allTickets(documents)) left.push(runId);
    return left;
  }

  it('returns it, whether it has to wait or may go', async () => {
    expect(await ticketsAfter(1)).toEqual(['b'.repeat(26)]);
    expect(await ticketsAfter(2)).toEqual(['b'.repeat(26)]);
  });
});
