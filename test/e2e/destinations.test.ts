import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { demoDiskOf } from '../support/fixtures.ts';
import { branchOf, configure, imageOf, objectsIn, QCOW2, worksOf } from '../support/replication.ts';

const FRANKFURT = 'eu-frankfurt-1';
const REGIONS = [{ name: ASHBURN }, { name: PHOENIX }, { name: FRANKFURT }];

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy({ regions: REGIONS });
});

afterEach(() => configure(byoi, { replicateDropsTo: [], strategy: 'copy' }));

afterAll(() => byoi.remove());

describe('a dropped disk', () => {
  it('becomes an image at each destination of replicateDropsTo too, from copies of the dropped object', async () => {
    await configure(byoi, { replicateDropsTo: [PHOENIX, FRANKFURT] });
    const run = await byoi.ended(await byoi.drop('everywhere.qcow2', QCOW2));
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(run.branches.map(({ id }) => id)).toEqual([ASHBURN, PHOENIX, FRANKFURT]);
    for (const region of [ASHBURN, PHOENIX, FRANKFURT])
      expect(await imageOf(byoi, run, region)).toMatchObject({
        displayName: 'everywhere',
        lifecycleState: 'AVAILABLE',
        launchMode: 'PARAVIRTUALIZED',
        freeformTags: { 'byoi-run': run.id, 'byoi-source': 'byoi-drop/everywhere.qcow2' },
      });
    expect(worksOf(byoi, 'ExportImage')).toEqual([]);
    expect(worksOf(byoi, 'CopyObject').map(({ input }) => input.source)).toMatchObject([
      { bucket: 'byoi-drop', object: 'everywhere.qcow2' },
      { bucket: 'byoi-drop', object: 'everywhere.qcow2' },
    ]);
    expect(await objectsIn(byoi, ASHBURN, 'byoi-drop')).toContain('everywhere.qcow2');
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('goes where its own metadata says, and not where the configuration does', async () => {
    await configure(byoi, { replicateDropsTo: [PHOENIX] });
    const run = await byoi.ended(
      await byoi.drop('chosen.qcow2', QCOW2, { 'byoi-replicate-to': FRANKFURT, 'byoi-display-name': 'Ours' }),
    );
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [ASHBURN, FRANKFURT]]);
    expect((await imageOf(byoi, run, FRANKFURT)).displayName).toBe('Ours');
  });

  it('goes nowhere else where its metadata names nothing', async () => {
    await configure(byoi, { replicateDropsTo: [PHOENIX] });
    const run = await byoi.ended(await byoi.drop('at-home.qcow2', QCOW2, { 'byoi-replicate-to': ' ' }));
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [ASHBURN]]);
  });

  it('is at one place once, by whichever of its names the place is called', async () => {
    const namespace = byoi.deployment.ledger.namespace;
    const twice = `${PHOENIX}, ${PHOENIX}@${namespace} ${ASHBURN}@${namespace}`;
    const run = await byoi.ended(await byoi.drop('once.qcow2', QCOW2, { 'byoi-replicate-to': twice }));
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [ASHBURN, PHOENIX]]);
  });

  it('is imported from where it was dropped with the strategy direct, and nothing is copied', async () => {
    await configure(byoi, { strategy: 'direct' });
    const copies = worksOf(byoi, 'CopyObject').length;
    const run = await byoi.ended(await byoi.drop('direct.qcow2', QCOW2, { 'byoi-replicate-to': PHOENIX }));
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect((await imageOf(byoi, run, PHOENIX)).lifecycleState).toBe('AVAILABLE');
    expect(worksOf(byoi, 'CopyObject')).toHaveLength(copies);
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('whose destination is not known becomes an image at the others, and the unknown one is told', async () => {
    const run = await byoi.ended(
      await byoi.drop('typo.qcow2', QCOW2, { 'byoi-replicate-to': `us-pheonix-1 ${PHOENIX}` }),
    );
    expect(run.state).toBe('PARTIAL');
    expect(branchOf(run, 'us-pheonix-1').failure).toMatchObject({
      code: 'DESTINATION_UNKNOWN',
      sentence: expect.stringContaining('us-pheonix-1'),
      remedy: expect.stringContaining('destinations'),
    });
    for (const region of [ASHBURN, PHOENIX])
      expect((await imageOf(byoi, run, region)).lifecycleState).toBe('AVAILABLE');
    const told = (await byoi.notifications()).find((message) => message.run === run.id);
    expect(told).toMatchObject({
      state: 'PARTIAL',
      images: [{ region: ASHBURN }, { region: PHOENIX }],
      failures: [{ destination: 'us-pheonix-1', code: 'DESTINATION_UNKNOWN' }],
    });
  });

  it('may have any name that Object Storage takes', async () => {
    const names = ['a b&c+d#e?f%20.qcow2', 'ünï/コード/💽.qcow2', 'x'.repeat(1000), 'a\tb\u0007.qcow2'];
    const metadata = { 'byoi-replicate-to': PHOENIX };
    const runs = await Promise.all(
      names.map(async (name) => byoi.ended(await byoi.drop(name, QCOW2, metadata))),
    );
    expect(runs.map(({ state, failure }) => [state, failure])).toEqual(runs.map(() => ['SUCCEEDED', null]));
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('that is refused is copied nowhere', async () => {
    const copies = worksOf(byoi, 'CopyObject').length;
    const vhd = Buffer.alloc(1024);
    vhd.write('conectix', 512);
    const run = await byoi.ended(await byoi.drop('refused.vhd', vhd, { 'byoi-replicate-to': PHOENIX }));
    expect([run.state, run.failure?.code]).toEqual(['REFUSED', 'VHD_UNSUPPORTED']);
    expect(worksOf(byoi, 'CopyObject')).toHaveLength(copies);
  });

  it('that is held for a licence is copied nowhere before that is attested', async () => {
    const copies = worksOf(byoi, 'CopyObject').length;
    const id = await byoi.drop('held.qcow2', await demoDiskOf('rhel'), { 'byoi-replicate-to': PHOENIX });
    await byoi.until(id, ({ state, untold }) => state === 'NEEDS_LICENSE' && untold === null);
    expect(worksOf(byoi, 'CopyObject')).toHaveLength(copies);
    await byoi.command('runs', 'attest', id, '--license', 'Cloud Access 4711');
    const run = await byoi.ended(id);
    expect(run.state).toBe('SUCCEEDED');
    expect((await imageOf(byoi, run, PHOENIX)).freeformTags?.['byoi-license']).toContain('Cloud Access 4711');
  });
});

describe('a compartment of its own', () => {
  it('takes the images of a destination for which the configuration names it', async () => {
    const { id: compartmentId } = byoi.cloud.identity.addCompartment('west', byoi.cloud.tenancy.id);
    const destinations = [
      { region: PHOENIX, bucket: 'byoi-copies', compartmentId },
      { region: FRANKFURT, bucket: 'byoi-copies' },
    ];
    await configure(byoi, { destinations, replicateDropsTo: [PHOENIX, FRANKFURT] });
    const run = await byoi.ended(await byoi.drop('apart.qcow2', QCOW2));
    expect((await imageOf(byoi, run, PHOENIX)).compartmentId).toBe(compartmentId);
    expect((await imageOf(byoi, run, FRANKFURT)).compartmentId).toBe(byoi.deployment.compartmentId);
  });
});
