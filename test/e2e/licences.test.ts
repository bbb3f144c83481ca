import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { putJson } from '../../cli/local/deploy.ts';
import { openDocuments } from '../../shared/oci/documents.ts';
import type { Run } from '../../shared/run/run.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { demoDiskOf, unpackedFixture } from '../support/fixtures.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';

const RHEL = await demoDiskOf('rhel');
const SLES = await demoDiskOf('sles');
const WINDOWS = buildQcow2(unpackedFixture('windows.raw.gz'), { compression: 'zlib' });

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

const isHeld = (run: Run) => run.state === 'NEEDS_LICENSE' && run.untold === null;

async function tagsOf(run: Run): Promise<Record<string, string>> {
  const images = await byoi.images();
  return images.find(({ id }) => id === run.branches[0]?.imageId)?.freeformTags ?? {};
}

/** config.json as it is, with another value for `licenses`. */
async function attestInConfiguration(licenses: Record<string, string>): Promise<void> {
  const { ledger } = byoi.deployment;
  const stored = await openDocuments(byoi.clients, ledger).read<object>('config.json');
  const storage = await byoi.clients.objectStorage(ledger.region);
  await putJson(storage, ledger, 'config.json', { ...stored?.value, licenses });
}

describe('an image of a licensed system', () => {
  it('is held without a PAR or an image, and told with the command that lets it go', async () => {
    const run = await byoi.until(await byoi.drop('appliance.qcow2', RHEL), isHeld);
    expect([run.branches[0]?.par, run.branches[0]?.imageId]).toEqual([null, null]);
    expect(await byoi.pars()).toEqual([]);
    expect(await byoi.images()).toEqual([]);
    const told = (await byoi.notifications()).filter((message) => message.run === run.id);
    expect(told).toMatchObject([{ state: 'NEEDS_LICENSE', licensedSystem: 'rhel' }]);
    expect(told[0]?.remedy).toContain(`byoi runs attest ${run.id}`);
  });

  it('goes on when somebody attests, whose OCID is recorded in the run and in a tag', async () => {
    const held = await byoi.until(await byoi.drop('web.qcow2', SLES), isHeld);
    const answer = await byoi.command(
      'runs',
      'attest',
      held.id,
      '--license',
      'ours, BYOS 4711',
      '--output',
      'json',
    );
    expect([answer.code, answer.err]).toEqual([0, '']);
    const run = await byoi.ended(held.id);
    expect(run.state).toBe('SUCCEEDED');
    const user = readFileSync(byoi.cloud.configFile, 'utf8').match(/^user=(.*)$/m)?.[1];
    expect(run.attestation).toMatchObject({ text: 'ours, BYOS 4711', how: 'command', by: user });
    expect((await tagsOf(run))['byoi-license']).toContain('ours, BYOS 4711');
    expect((await tagsOf(run))['byoi-license']).toContain(user);
  });

  it('is imported at once where the licence came with the object', async () => {
    const run = await byoi.ended(
      await byoi.drop('attested.qcow2', RHEL, { 'byoi-license': 'Red Hat Cloud Access 12' }),
    );
    expect([run.state, run.attestation?.how]).toEqual(['SUCCEEDED', 'metadata']);
    expect((await tagsOf(run))['byoi-license']).toContain('Red Hat Cloud Access 12');
  });

  it('sends OCI its exact terms for Windows', async () => {
    const metadata = {
      'byoi-license': 'ours',
      'byoi-os': 'windows',
      'byoi-os-version': 'Server 2019 Standard',
    };
    const run = await byoi.ended(await byoi.drop('fileserver.qcow2', WINDOWS, metadata));
    expect(run.failure).toBeNull();
    const compute = await byoi.clients.compute('us-ashburn-1');
    const { image } = await compute.getImage({ imageId: run.branches[0]?.imageId ?? '' });
    expect([image.operatingSystem, image.operatingSystemVersion]).toEqual([
      'Windows',
      'Server 2019 Standard',
    ]);
  });

  it('is looked at again by the schedule once the configuration attests for it', async () => {
    const held = await byoi.until(await byoi.drop('later.qcow2', RHEL), isHeld);
    await attestInConfiguration({ rhel: 'Red Hat enterprise agreement' });
    await byoi.tick();
    const run = await byoi.ended(held.id);
    expect([run.state, run.attestation?.how]).toEqual(['SUCCEEDED', 'configuration']);
  });

  it('is superseded where its object was overwritten while it was held', async () => {
    const held = await byoi.until(await byoi.drop('desktop.qcow2', WINDOWS), isHeld);
    const other = await byoi.drop('desktop.qcow2', Buffer.concat([WINDOWS, Buffer.alloc(512)]));
    await byoi.until(other, isHeld);
    await byoi.tick();
    expect((await byoi.ended(held.id)).state).toBe('SUPERSEDED');
  });
});
