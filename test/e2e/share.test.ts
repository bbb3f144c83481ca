import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDocuments } from '../../shared/oci/documents.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { addPartner, importAs, type Partner } from '../support/partner.ts';
import { faultWorks, objectsIn, personsImage, QCOW2, ticked, worksOf } from '../support/replication.ts';

interface Shared {
  readonly id: string;
  readonly parId: string;
  readonly url: string;
  readonly expiresAt: string;
  readonly command: string;
  readonly revoke: string;
}

let byoi: Deployed;
let partner: Partner;
let imageId: string;

beforeAll(async () => {
  byoi = await deploy();
  partner = await addPartner(byoi);
  imageId = await personsImage(byoi, { displayName: 'golden image', launchMode: 'EMULATED' as never });
});

afterAll(() => byoi.remove());

async function share(...options: string[]): Promise<Shared> {
  const { code, out } = await byoi.command('share', imageId, ...options, '--output', 'json');
  expect(code).toBe(0);
  return JSON.parse(out) as Shared;
}

async function parsOfExports() {
  const storage = await byoi.clients.objectStorage(ASHBURN);
  const { namespace: namespaceName } = byoi.deployment.ledger;
  return (await storage.listPreauthenticatedRequests({ namespaceName, bucketName: 'byoi-export' })).items;
}

const hoursFromNow = (date: Date | string) => (new Date(date).getTime() - Date.now()) / 3_600_000;

describe('byoi share', () => {
  it('prints a URL that reads the export, and the command by which the other side imports it', async () => {
    const { code, out, err } = await byoi.command('share', imageId, '--expires', '2h', '--format', 'QCOW2');
    expect([code, err]).toEqual([0, '']);
    const url = /^ {2}(http\S+)$/m.exec(out)?.[1] ?? '';
    const exported = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(exported.equals(QCOW2)).toBe(true);
    expect(out).toContain(
      `oci compute image import from-object-uri --uri ${url} --display-name 'golden image' --source-image-type QCOW2 --launch-mode EMULATED --compartment-id …`,
    );
  });

  it('says of an .oci archive no launch mode: it has its own', async () => {
    const { command, url } = await share();
    expect(command).toMatch(/^oci compute image import from-object-uri --uri http/);
    expect(command).not.toContain('launch-mode');
    expect(command).toContain(url);
  });

  it('gives a URL from which another tenancy imports, in whatever region', async () => {
    const { url } = await share();
    const imported = await importAs(partner, PHOENIX, { sourceType: 'objectStorageUri', sourceUri: url });
    expect(imported).toMatchObject({ lifecycleState: 'AVAILABLE', launchMode: 'EMULATED' });
  });

  it('gives a URL that expires when it was asked to, and a command that takes it back sooner', async () => {
    const shared = await share('--expires', '3d');
    expect(hoursFromNow(shared.expiresAt)).toBeCloseTo(72, 1);
    const par = (await parsOfExports()).find(({ id }) => id === shared.parId);
    expect(hoursFromNow(par?.timeExpires ?? '')).toBeCloseTo(72, 1);
    expect(par?.accessType).toBe('ObjectRead');
    expect(shared.revoke).toBe(
      `oci os preauth-request delete --region ${ASHBURN} -ns local -bn byoi-export --par-id '${shared.parId}'`,
    );
  });

  it('gives a URL that works for as long as was asked from then on, however long the export took', async () => {
    await faultWorks(byoi, { operation: 'ExportImage', outcome: 'stall', times: 1 });
    const shared = share('--expires', '1m');
    await sleep(4_000);
    await byoi.control('DELETE', 'faults');
    const { expiresAt } = await shared;
    expect(new Date(expiresAt).getTime() - Date.now()).toBeGreaterThan(58_000);
  });

  it('shows its URL nowhere else: not in a log, a run’s record, a notification or the ledger', async () => {
    const { url, id: runId } = await share();
    const secret = /\/p\/([^/]+)\/n\//.exec(url)?.[1] ?? '';
    expect(secret.length).toBeGreaterThan(20);
    const { code, out } = await byoi.command('runs', 'show', runId, '--output', 'json');
    expect([code, out]).toEqual([0, expect.not.stringContaining(secret)]);
    const elsewhere = [
      ...(await byoi.logs()),
      JSON.stringify(await byoi.notifications()),
      JSON.stringify((await byoi.runs.get(runId))?.value),
    ];
    expect(elsewhere.filter((text) => text.includes(secret))).toEqual([]);
  });

  it('exports anew each time, since each has an end of its own', async () => {
    const exports = worksOf(byoi, 'ExportImage').length;
    const [first, second] = [await share(), await share()];
    expect(first.id).not.toBe(second.id);
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(exports + 2);
  });

  it.each(['31d', '721h', '0h', '90', '1w', '-1h'])('takes no --expires of %s', async (expires) => {
    const exports = worksOf(byoi, 'ExportImage').length;
    const { code, err } = await byoi.command('share', imageId, `--expires=${expires}`);
    expect(code).toBe(2);
    expect(err).toContain('90m, 24h or 7d');
    expect(worksOf(byoi, 'ExportImage')).toHaveLength(exports);
  });

  it('gives no URL of a licensed system before its licence is attested', async () => {
    const windows = await personsImage(byoi, {}, { operatingSystem: 'Windows' });
    const held = await byoi.command('share', windows);
    expect([held.code, held.out]).toEqual([2, expect.not.stringContaining('/p/')]);
    expect(held.err).toContain('NEEDS_LICENSE');
    expect(held.err).toContain('Share it with --license');
    const attested = await byoi.command('share', windows, '--license', 'ours 4711');
    expect([attested.code, attested.out]).toEqual([0, expect.stringContaining('/p/')]);
  });
});

describe('what is shared', () => {
  async function runOf(id: string): Promise<Run> {
    return byoi.until(id, ({ closedAt }) => closedAt !== null);
  }

  it('is kept until its URL has expired, though the run has ended, and goes with the tick after that', async () => {
    const { id } = await share();
    const run = await runOf(id);
    const { object = '' } = run.exporting?.object ?? {};
    expect(run.state).toBe('SUCCEEDED');
    expect(hoursFromNow(run.keepUntil ?? '')).toBeGreaterThan(24);
    await ticked(byoi);
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).toContain(object);
    // As if its day were over.
    const documents = openDocuments(byoi.clients, byoi.deployment.ledger);
    const { value, eTag } = (await documents.read<Run>(`runs/${id}`)) ?? { value: run, eTag: null };
    await documents.write(`runs/${id}`, { ...value, keepUntil: run.openedAt }, eTag);
    await ticked(byoi);
    expect(await objectsIn(byoi, ASHBURN, 'byoi-export')).not.toContain(object);
  });

  it('has its URL’s pre-authenticated request taken away once that has expired, and no sooner', async () => {
    const shared = await share();
    const run = await runOf(shared.id);
    const storage = await byoi.clients.objectStorage(ASHBURN);
    const { preauthenticatedRequest: brief } = await storage.createPreauthenticatedRequest({
      namespaceName: byoi.deployment.ledger.namespace,
      bucketName: 'byoi-export',
      createPreauthenticatedRequestDetails: {
        name: `byoi-share/${run.id}`,
        objectName: run.exporting?.object.object ?? '',
        accessType: 'ObjectRead' as never,
        timeExpires: new Date(Date.now() + 300),
      },
    });
    await sleep(400);
    await ticked(byoi);
    const left = (await parsOfExports()).map(({ id }) => id);
    expect(left).toContain(shared.parId);
    expect(left).not.toContain(brief.id);
  });
});
