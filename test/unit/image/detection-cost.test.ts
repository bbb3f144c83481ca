import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { meter } from '../../../shared/bytes/budget.ts';
import { bufferSource } from '../../../shared/bytes/buffer.ts';
import { paged } from '../../../shared/bytes/paged.ts';
import type { ByteSource } from '../../../shared/bytes/source.ts';
import { openImage } from '../../../shared/image/formats.ts';
import { noise } from '../../support/images/disk.ts';
import { buildOciArchive } from '../../support/images/oci-archive.ts';
import { buildQcow2 } from '../../support/images/qcow2.ts';
import { buildTar } from '../../support/images/tar.ts';
import { buildVmdk } from '../../support/images/vmdk.ts';
import { sparseSource } from '../../support/sources.ts';

const disk = noise(6_000_128);

async function cost(source: ByteSource): Promise<{ requests: number; bytes: number; format: string }> {
  const metered = meter(source, { requests: 100, bytes: 1e9 });
  const { format } = await openImage(paged(metered), 'image');
  return { ...metered.cost, format };
}

const KIB_256 = 256 * 1024;

describe('what detecting a format and checking it costs', () => {
  it('qcow2: one request where its refcounts are in the head', async () => {
    expect(await cost(bufferSource(buildQcow2(disk)))).toEqual({
      requests: 1,
      bytes: 192 * 1024,
      format: 'qcow2',
    });
  });

  it('qcow2 of 100 GiB, its refcounts anywhere: 2 requests, 256 KiB', async () => {
    // The refcount block of the last clusters lies at 99 GiB.
    const head = buildQcow2(Buffer.alloc(65_536, 1));
    const position = Math.floor((100 * 2 ** 30) / 65_536 / 32_768) * 8;
    head.writeBigUInt64BE(BigInt(99 * 2 ** 30), 0x10000 + position);
    const source = sparseSource(100 * 2 ** 30 + 65_536 * 7, [{ offset: 0, bytes: head }]);
    const { requests, bytes } = await cost(source);
    expect(requests).toBe(2);
    expect(bytes).toBeLessThanOrEqual(KIB_256);
  });

  it('.oci, wherever the header behind the disk falls: 2 requests, 256 KiB', async () => {
    for (const diskFirst of [true, false]) {
      for (let more = 0; more < 128 * 1024; more += 16_384 + 512) {
        const padded = Buffer.concat([buildQcow2(disk), Buffer.alloc(more)]);
        const { requests, bytes } = await cost(bufferSource(buildOciArchive({ disk: padded, diskFirst })));
        expect(requests).toBeLessThanOrEqual(2);
        expect(bytes).toBeLessThanOrEqual(KIB_256);
      }
    }
  });

  it('gzipped .oci with the metadata in front: 2 requests, 256 KiB', async () => {
    const { requests, bytes } = await cost(
      bufferSource(buildOciArchive({ disk: buildQcow2(disk), gzip: true })),
    );
    expect(requests).toBeLessThanOrEqual(2);
    expect(bytes).toBeLessThanOrEqual(KIB_256);
  });

  it.each([
    ['monolithicSparse', 1, false],
    ['streamOptimized', 2, true],
    ['streamOptimized', 1, false],
  ] as const)('VMDK %s: %i requests (footer: %s)', async (variant, requests, footer) => {
    expect((await cost(bufferSource(buildVmdk(disk, { variant, footer })))).requests).toBe(requests);
  });

  it('what is refused costs no more', async () => {
    const ova = buildTar([
      { name: 'vm.ovf', content: Buffer.from('<Envelope/>') },
      { name: 'disk.vmdk', content: disk },
    ]);
    for (const image of [ova, gzipSync(disk), Buffer.concat([Buffer.from('vhdxfile'), disk])]) {
      expect((await cost(bufferSource(image))).requests).toBeLessThanOrEqual(2);
    }
  });
});
