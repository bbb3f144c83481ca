import { WorkFailed } from '../work.ts';
import type { DiskFormat } from './image.ts';

/** Bytes of a disk that tell its format and size. */
export const DISK_HEAD_BYTES = 72;

/** OCI takes disks of at most 400 GB; its own pre-check compares the virtual size / 2^30 with it. */
const MAX_VIRTUAL_GB = 400;

/** Both formats' sizes are read from their first header: qcow2.txt ("Header") and VMware's "Virtual Disk Format 1.1". */
export function readDiskHead(head: Buffer): { format: DiskFormat; virtualBytes: number } {
  const disk = readQcow2(head) ?? readVmdk(head);
  if (!disk) throw new WorkFailed('InvalidImage', 'The image is neither a QCOW2 nor a VMDK disk.');
  if (disk.virtualBytes / 2 ** 30 > MAX_VIRTUAL_GB)
    throw new WorkFailed('InvalidImage', `The virtual disk is larger than ${MAX_VIRTUAL_GB} GB.`);
  return disk;
}

function readQcow2(head: Buffer) {
  if (head.length < DISK_HEAD_BYTES || head.toString('latin1', 0, 4) !== 'QFI\xfb') return undefined;
  const version = head.readUInt32BE(4);
  if (version !== 2 && version !== 3)
    throw new WorkFailed('InvalidImage', `QCOW2 version ${version} is not supported.`);
  if (head.readBigUInt64BE(8) !== 0n)
    throw new WorkFailed('InvalidImage', 'A QCOW2 disk with a backing file cannot be imported.');
  return { format: 'QCOW2' as const, virtualBytes: Number(head.readBigUInt64BE(24)) };
}

function readVmdk(head: Buffer) {
  if (head.length < DISK_HEAD_BYTES || head.toString('latin1', 0, 4) !== 'KDMV') return undefined;
  return { format: 'VMDK' as const, virtualBytes: Number(head.readBigUInt64LE(12)) * 512 };
}
