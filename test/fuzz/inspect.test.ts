import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import type { ByteSource } from '../../shared/bytes/source.ts';
import { inspect } from '../../shared/inspect.ts';
import { fixtureDisk, unpackedFixture } from '../support/fixtures.ts';
import { fuzz } from '../support/fuzz.ts';

/** A small image with anything wrong in it must not cost more. */
const MAX_REQUESTS = 100;

async function verdictOn(source: ByteSource) {
  const verdict = await inspect(source, { name: 'image', explain: true }).catch((error: unknown) => {
    throw new Error('there is no verdict', { cause: error });
  });
  expect(verdict.cost.requests).toBeLessThan(MAX_REQUESTS);
  // What nobody thought of is refused as unsafe: here it is a mistake that was found.
  expect(verdict.problems.map(({ code }) => code)).not.toContain('SAFETY_CHECK_FAILED');
  return verdict;
}

/** Whatever the image, there is a verdict; one that tells what is told of no image as it was counts as refused. */
async function fuzzVerdict(name: string, samples: readonly Buffer[]): Promise<void> {
  const honest = await Promise.all(samples.map((sample) => verdictOn(bufferSource(sample))));
  const known = new Set(honest.flatMap(({ problems }) => problems.map(({ code }) => code)));
  await fuzz({
    name,
    samples,
    async parse(source) {
      const { problems } = await verdictOn(source);
      return { problems: problems.filter(({ code }) => !known.has(code)) };
    },
  });
}

/** Their contents are changed here, not the image around them, of which each check refuses much. */
async function disk(name: string): Promise<Buffer> {
  const { size, read } = await fixtureDisk(name);
  return read(0, size);
}

test('verdict on an image', async () => {
  const names = ['demo-disk.qcow2', 'demo-disk.vmdk', 'host-only-disk.qcow2'];
  const samples = names.map((name) => readFileSync(`test/fixtures/${name}`));
  await fuzzVerdict('verdict on an image', samples);
});

test('verdict on a disk', async () => {
  const disks = ['demo-disk.qcow2', 'host-only-disk.qcow2', 'lvm.qcow2', 'btrfs.qcow2', 'xfs.qcow2'].map(
    disk,
  );
  const volumes = ['ext4.img.gz', 'fat32.img.gz', 'ntfs.raw.gz'].map(unpackedFixture);
  await fuzzVerdict('verdict on a disk', [...(await Promise.all(disks)), ...volumes]);
});
