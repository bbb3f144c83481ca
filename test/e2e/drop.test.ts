import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Deployed, deploy } from '../support/deployment.ts';
import { buildOciArchive } from '../support/images/oci-archive.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');
const VMDK = readFileSync('test/fixtures/demo-disk.vmdk');

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

/** The image a run made, as OCI has it. */
async function imageOf(run: { branches: readonly { imageId: string | null }[] }) {
  const compute = await byoi.clients.compute('us-ashburn-1');
  return (await compute.getImage({ imageId: run.branches[0]?.imageId ?? '' })).image;
}

describe('a disk dropped into the bucket', () => {
  it('becomes an image with the verdict in its tags, and leaves nothing behind', async () => {
    const run = await byoi.ended(await byoi.drop('images/demo.disk.qcow2', QCOW2));
    expect(run.state).toBe('SUCCEEDED');
    const image = await imageOf(run);
    expect(image).toMatchObject({
      lifecycleState: 'AVAILABLE',
      displayName: 'demo.disk',
      launchMode: 'PARAVIRTUALIZED',
    });
    expect(image.freeformTags).toEqual({
      'byoi-run': run.id,
      'byoi-launch-mode': 'PARAVIRTUALIZED',
      'byoi-firmware': 'BIOS',
      'byoi-confidence': 'high',
      'byoi-source': 'byoi-drop/images/demo.disk.qcow2',
    });
    expect(await byoi.pars()).toEqual([]);
    const told = (await byoi.notifications()).filter((message) => message.run === run.id);
    expect(told).toMatchObject([
      { state: 'SUCCEEDED', images: [{ region: 'us-ashburn-1', imageId: image.id }] },
    ]);
    for await (const marker of byoi.runs.openMarkers()) expect(marker.id).not.toBe(run.id);
  });

  it('is launched with emulated devices where its initramfs lacks the paravirtualized drivers', async () => {
    const disk = readFileSync('test/fixtures/host-only-disk.qcow2');
    const run = await byoi.ended(await byoi.drop('host-only.qcow2', disk));
    const image = await imageOf(run);
    expect(image).toMatchObject({ lifecycleState: 'AVAILABLE', launchMode: 'EMULATED' });
    expect(image.freeformTags).toMatchObject({
      'byoi-launch-mode': 'EMULATED',
      'byoi-confidence': 'high',
    });
    const [problem] = run.verdict?.problems ?? [];
    expect(problem).toMatchObject({ code: 'PARAVIRTUALIZED_DRIVERS_MISSING', severity: 'warn' });
    expect(problem?.remedy).toContain('update-initramfs -u -k 6.1.0-demo-amd64');
    expect(run.verdict?.guest?.drivers).toMatchObject({ virtio_scsi: 'disk', ata_piix: 'initramfs' });
  });

  it('may be a streamOptimized VMDK as well', async () => {
    const run = await byoi.ended(await byoi.drop('demo.vmdk', VMDK));
    expect([run.state, run.verdict?.format, run.verdict?.variant]).toEqual([
      'SUCCEEDED',
      'vmdk',
      'streamOptimized',
    ]);
  });

  it('is made compatible with shapes where OCI lists none', async () => {
    const run = await byoi.ended(await byoi.drop('shapes.qcow2', QCOW2));
    const compute = await byoi.clients.compute('us-ashburn-1');
    const { items } = await compute.listImageShapeCompatibilityEntries({
      imageId: run.branches[0]?.imageId ?? '',
    });
    expect(items.map(({ shape }) => shape)).toContain('VM.Standard.E4.Flex');
  });

  it('keeps what OCI itself wrote: for an .oci archive nothing is sent, and its own launch options come out', async () => {
    const archive = buildOciArchive({ disk: QCOW2 });
    const run = await byoi.ended(await byoi.drop('exported.oci', archive));
    expect([run.state, run.verdict?.confidence]).toEqual(['SUCCEEDED', 'certain']);
    const image = await imageOf(run);
    expect(image.launchOptions).toMatchObject({ firmware: run.verdict?.firmware });
    expect(image.launchMode).toBe(run.verdict?.launchMode);
  });

  it('may have any name that Object Storage takes', async () => {
    const names = [
      'a b&c+d#e?f%20.qcow2',
      'ünï/コード/💽.qcow2',
      "';rm -rf $HOME;'.qcow2",
      'x'.repeat(1000),
      'a\tb\u0007.qcow2',
    ];
    const runs = await Promise.all(names.map(async (name) => byoi.ended(await byoi.drop(name, QCOW2))));
    expect(runs.map(({ state, failure }) => [state, failure])).toEqual(names.map(() => ['SUCCEEDED', null]));
    expect(await byoi.pars()).toEqual([]);
  });
});

describe('what a person set on the object', () => {
  it('wins: launch mode, display name, system', async () => {
    const run = await byoi.ended(
      await byoi.drop('old.qcow2', QCOW2, {
        'byoi-launch-mode': 'emulated',
        'byoi-display-name': 'My old server',
        'byoi-os': 'Debian',
        'byoi-os-version': '12',
      }),
    );
    expect(await imageOf(run)).toMatchObject({
      launchMode: 'EMULATED',
      displayName: 'My old server',
      operatingSystem: 'Debian',
      operatingSystemVersion: '12',
    });
  });

  it('gives UEFI firmware by a capability schema, and an Arm image Arm shapes only', async () => {
    const metadata = { 'byoi-firmware': 'UEFI_64', 'byoi-architecture': 'aarch64' };
    const run = await byoi.ended(await byoi.drop('arm.qcow2', QCOW2, metadata));
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    const imageId = run.branches[0]?.imageId ?? '';
    const compute = await byoi.clients.compute('us-ashburn-1');
    const schemas = await compute.listComputeImageCapabilitySchemas({ imageId });
    expect(schemas.items).toHaveLength(1);
    expect((await imageOf(run)).launchOptions?.firmware).toBe('UEFI_64');
    const { items } = await compute.listImageShapeCompatibilityEntries({ imageId });
    expect(items.map(({ shape }) => shape).sort()).toEqual(['VM.Standard.A1.Flex', 'VM.Standard.A2.Flex']);
  });

  it('is refused where it is no value there is', async () => {
    const run = await byoi.ended(
      await byoi.drop('typo.qcow2', QCOW2, { 'byoi-launch-mode': 'paravirtualised' }),
    );
    expect([run.state, run.failure?.code]).toEqual(['REFUSED', 'OVERRIDE_INVALID']);
  });
});

describe('what cannot be imported', () => {
  const vhd = Buffer.alloc(1024);
  vhd.write('conectix', 512);
  // A backing file (qcow2 header, offsets 8 and 16) named at byte 1,024: what CVE-2011-3147 is about.
  const backed = Buffer.from(QCOW2);
  backed.writeBigUInt64BE(1024n, 8);
  backed.writeUInt32BE(backed.write('/etc/shadow', 1024), 16);
  const flat = Buffer.from(
    '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 2048 FLAT "a-flat.vmdk" 0\n',
  );
  const cases: [string, Buffer, string][] = [
    ['backed.qcow2', backed, 'QCOW2_BACKING_FILE'],
    ['flat.vmdk', flat, 'VMDK_SUBTYPE_UNSUPPORTED'],
    ['disk.vhd', vhd, 'VHD_UNSUPPORTED'],
    ['empty.qcow2', Buffer.alloc(0), 'IMAGE_EMPTY'],
    ['ten-bytes.qcow2', Buffer.from('0123456789'), 'FORMAT_UNKNOWN'],
    ['truncated.qcow2', QCOW2.subarray(0, 100), 'OUT_OF_BOUNDS'],
    ['not-a-vmdk.vmdk', QCOW2, 'FORMAT_MISMATCH'],
  ];

  it.each(cases)(
    '%s is refused, told with a remedy, and stays in the bucket',
    async (name, content, code) => {
      const run = await byoi.ended(await byoi.drop(name, content));
      expect([run.state, run.failure?.code]).toEqual(['REFUSED', code]);
      expect(run.failure?.sentence).not.toBe('');
      expect(run.branches[0]?.imageId).toBeNull();
      const told = (await byoi.notifications()).filter((message) => message.run === run.id);
      expect(told).toMatchObject([{ state: 'REFUSED', code, remedy: run.failure?.remedy }]);
      const storage = await byoi.clients.objectStorage('us-ashburn-1');
      const { namespace } = byoi.deployment.ledger;
      const head = await storage.headObject({
        namespaceName: namespace,
        bucketName: 'byoi-drop',
        objectName: name,
      });
      expect(head.contentLength).toBe(content.length);
    },
  );

  it('is ignored quietly where its name says that it is no image', async () => {
    const ids = await Promise.all(
      ['README.md', 'disk.qcow2.part', 'sub/README', 'SHA256SUMS'].map((name) =>
        byoi.drop(name, Buffer.from('text')),
      ),
    );
    await byoi.ended(await byoi.drop('after-them.qcow2', QCOW2));
    expect(await Promise.all(ids.map((id) => byoi.runs.get(id)))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
