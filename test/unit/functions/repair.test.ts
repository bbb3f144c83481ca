import { afterEach, describe, expect, it, vi } from 'vitest';
import { repair } from '../../../functions/advance-runs/repair.ts';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { isSurplusImage } from '../../../shared/drive/own-image.ts';
import { runIdOf } from '../../../shared/run/id.ts';
import type { Branch } from '../../../shared/run/run.ts';
import { A_CONFIG, fakeClients, fakeDeployment } from '../../support/fake-oci.ts';
import { aBranch, aRun } from '../../support/runs.ts';

afterEach(() => {
  vi.useRealTimers();
});

const LEDGER = { region: 'us-ashburn-1', namespace: 'ns', bucket: 'ledger' };

it('puts the marker of an open run back, stops at no record that cannot be read, and removes what is closed', async () => {
  const objects = ['broken', 'unmarked'].map((name) => ({ name, etag: `e-${name}` }));
  const idOf = (name: string) =>
    runIdOf(LEDGER, { ...LEDGER, bucket: 'drop', object: name, eTag: `e-${name}` });
  const markers: [string, boolean][] = [];
  const warned: string[] = [];
  const deployment = fakeDeployment({
    ledger: LEDGER,
    deadline: NO_DEADLINE,
    log: { info() {}, error() {}, warn: (message: string) => warned.push(message) },
    clients: fakeClients({
      objectStorage: {
        listObjects: () => ({ listObjects: { objects } }),
        listPreauthenticatedRequests: () => ({ items: [] }),
      },
      compute: { listImages: () => ({ items: [] }) },
    }),
    runs: {
      async *openMarkers() {
        for (const id of ['damaged', 'closed', 'orphan']) yield { id, createdAt: new Date(0) };
      },
      async get(id: string) {
        if (id === 'damaged' || id === idOf('broken')) throw new SyntaxError('no JSON');
        if (id === 'orphan') return undefined;
        return { value: aRun({ id, closedAt: id === 'closed' ? 'then' : null }), eTag: '1' };
      },
      mark: async (id: string) => void markers.push([id, true]),
      unmark: async (id: string) => void markers.push([id, false]),
    },
  });
  expect(await repair(deployment)).toEqual({ found: 0, swept: 0 });
  expect(markers).toEqual([
    ['closed', false],
    ['orphan', false],
    [idOf('unmarked'), true],
  ]);
  expect(warned).toEqual(['not repaired', 'not repaired']);
});

it('takes an image of the run’s tag for one of its own only where a driver of the run can have made it', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T14:00:00.000Z') });
  const { compartmentId } = A_CONFIG;
  const closedAt = '2026-01-01T12:00:00.000Z';
  const id = 'abcdefgh234567abcdefgh2345';
  const tagged = (imageId: string, timeCreated: string, runId = id) => ({
    id: imageId,
    freeformTags: { 'byoi-run': runId },
    timeCreated,
  });
  const items = [
    tagged('surplus', '2026-01-01T12:59:00.000Z'),
    tagged('its own', '2026-01-01T11:30:00.000Z'),
    tagged('before it', '2026-01-01T10:59:00.000Z'),
    tagged('an hour later', '2026-01-01T13:01:00.000Z'),
    tagged('looked at by many ticks', '2025-12-02T13:59:00.000Z', 'zzzzzzzzzzzzzzzzzzzzzzzzzz'),
    tagged('of another ledger', '2026-01-01T11:30:00.000Z', 'abcdefghijklmnopqrstuvwxyz'),
  ];
  const run = aRun({
    id,
    openedAt: '2026-01-01T11:00:00.000Z',
    closedAt,
    branches: [aBranch({ step: 'done', imageId: 'its own', attempt: 2, compartmentId })],
  });
  const deleted: string[] = [];
  const read: string[] = [];
  const deployment = fakeDeployment({
    ledger: LEDGER,
    deadline: NO_DEADLINE,
    clients: fakeClients({
      objectStorage: {
        listObjects: () => ({ listObjects: { objects: [] } }),
        listPreauthenticatedRequests: () => ({ items: [] }),
      },
      compute: {
        listImages: () => ({ items }),
        deleteImage: ({ imageId }: { imageId: string }) => deleted.push(imageId),
      },
    }),
    runs: {
      async *openMarkers() {},
      async get(runId: string) {
        read.push(runId);
        return runId === id ? { value: run, eTag: '1' } : undefined;
      },
    },
  });
  expect(await repair(deployment)).toEqual({ found: 0, swept: 1 });
  expect(deleted).toEqual(['surplus']);
  // Once for all of them, and before a deletion.
  expect(read.sort()).toEqual([id, id, 'abcdefghijklmnopqrstuvwxyz'].sort());
});

describe('an image of the run’s tag in its time', () => {
  const at = '2026-01-01T12:00:00.000Z';
  const place = { region: 'us-ashburn-1', compartmentId: 'ocid1.compartment.oc1..images' };
  const isSurplus = (branch: Partial<Branch>, image: object = {}) =>
    isSurplusImage(
      aRun({ openedAt: at, closedAt: at, branches: [aBranch({ step: 'done', imageId: null, ...branch })] }),
      { ...place, imageId: 'found', createdAt: at, ...image },
    );

  it('is surplus where the run has none, or made one before at another attempt', () => {
    expect(isSurplus({})).toBe(true);
    expect(isSurplus({ imageId: 'its own', attempt: 2 })).toBe(true);
  });

  it('is a person’s where the first attempt succeeded: its tries all got the same', () => {
    expect(isSurplus({ imageId: 'its own' })).toBe(false);
  });

  it('is nobody’s of the run where it makes none', () => {
    expect(isSurplus({}, { region: 'us-phoenix-1' })).toBe(false);
    expect(isSurplus({}, { compartmentId: 'ocid1.compartment.oc1..other' })).toBe(false);
    expect(isSurplus({ imports: false })).toBe(false);
  });
});
