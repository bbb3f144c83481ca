import type { ByteSource } from '../bytes/source.ts';
import type { Problem } from '../finding.ts';
import { DamagedImageError } from './errors.ts';
import type { ImageFormat, OpenImage } from './format.ts';
import { mappedDisk } from './mapped-disk.ts';
import { clusterLocator } from './qcow2-clusters.ts';
import { MAGIC, type Qcow2Header, readHeader } from './qcow2-header.ts';
import { hasMark } from './recognised.ts';
import { convertCommand } from './remedy.ts';

/** What qemu-img writes unless told otherwise, and what images that boot on OCI have. */
const USUAL_CLUSTER_SIZE = 64 * 1024;
/** Enough refcounts after the end of the file to see that clusters are missing there. */
const REFCOUNT_WINDOW = 4096;

/** QEMU's copy-on-write format, versions 2 and 3; its header is described in qcow2-header.ts. */
export const qcow2: ImageFormat = {
  name: 'qcow2',
  extensions: ['qcow2', 'qcow'],
  matches: (head) => hasMark(head, 0, MAGIC),
  async open(source, name) {
    const { header, image } = await readQcow2(source, name);
    await checkNotTruncated(source, header);
    return image;
  },
};

/** Opens a qcow2 image, which may be a member of an archive: the archive knows whether it is whole. */
export async function readQcow2(
  source: ByteSource,
  name: string,
): Promise<{ header: Qcow2Header; image: OpenImage }> {
  const header = await readHeader(source, name);
  const image: OpenImage = {
    format: 'qcow2',
    variant: `v${header.version}`,
    virtualSize: header.size,
    disk: mappedDisk(source, header.size, header.clusterSize, clusterLocator(source, header)),
    archive: null,
    problems: warnings(header, name),
    evidence: [{ fact: `qcow2 version ${header.version}`, source: 'image header' }],
  };
  return { header, image };
}

function warnings(header: Qcow2Header, name: string): Problem[] {
  const warn = (code: string, sentence: string): Problem => {
    return { code, severity: 'warn', sentence, remedy: convertCommand('qcow2', name) };
  };
  const problems: Problem[] = [];
  if (header.dirty) {
    problems.push(
      warn('QCOW2_DIRTY', 'The qcow2 image was not closed properly: its refcounts may be wrong.'),
    );
  }
  if (header.snapshots > 0) {
    problems.push(
      warn(
        'QCOW2_SNAPSHOTS',
        `The qcow2 image has internal snapshots (${header.snapshots}), which OCI does not keep.`,
      ),
    );
  }
  if (header.clusterSize !== USUAL_CLUSTER_SIZE) {
    problems.push(
      warn(
        'QCOW2_CLUSTER_SIZE_UNUSUAL',
        `The qcow2 clusters have ${header.clusterSize} bytes, not 65536: such images were seen to import but not to boot.`,
      ),
    );
  }
  return problems;
}

/**
 * An upload that broke off leaves clusters that the refcounts know of but the file does not have. The
 * refcounts just after the end of the file tell, in at most one more request.
 */
async function checkNotTruncated(source: ByteSource, header: Qcow2Header): Promise<void> {
  if (header.dirty) return; // refcounts may lag behind then (lazy_refcounts)
  const { clusterSize, refcountBits, refcountTableOffset, refcountTableLength } = header;
  const refcountsInBlock = (clusterSize * 8) / refcountBits;
  const firstMissing = Math.ceil(source.size / clusterSize);
  const position = Math.floor(firstMissing / refcountsInBlock) * 8;
  if (position >= refcountTableLength) return;
  const length = Math.min(REFCOUNT_WINDOW, refcountTableLength - position);
  const table = await source.read(refcountTableOffset + position, length);
  const block = Number(table.readBigUInt64BE(0) & ~0x1ffn);
  const laterBlocks = table.subarray(8).some((byte) => byte !== 0);
  if (laterBlocks || block >= source.size) throw truncated();
  if (block === 0) return;
  // Refcounts narrower than a byte fill it from the lowest bit on: the next whole byte is soon enough.
  const at = Math.ceil(((firstMissing % refcountsInBlock) * refcountBits) / 8);
  const window = Math.min(REFCOUNT_WINDOW, clusterSize - at, source.size - block - at);
  const refcounts = window > 0 ? await source.read(block + at, window) : Buffer.alloc(0);
  if (refcounts.some((byte) => byte !== 0)) throw truncated();
}

function truncated(): DamagedImageError {
  return new DamagedImageError(
    'QCOW2_TRUNCATED',
    'The qcow2 file ends before data that it counts as its own: the upload is not whole.',
  );
}
