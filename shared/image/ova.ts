import type { ByteSource } from '../bytes/source.ts';
import type { ImageFormat } from './format.ts';
import { rejectedImage } from './recognised.ts';
import { baseName, extensionOf, qcow2Name, quoteFile } from './remedy.ts';
import { firstName, isTar, tarMembers, tarPeek } from './tar.ts';

/** qemu-img's names of the disk formats that OVF packages carry, by extension. */
const DISK_FORMATS: Readonly<Record<string, string>> = {
  vmdk: 'vmdk',
  vhd: 'vpc',
  vdi: 'vdi',
  qcow2: 'qcow2',
};

/** Open Virtualization Format (DSP0243 §5.3): a tar whose first member is the descriptor, `.ovf`. */
export const ova: ImageFormat = {
  name: 'ova',
  extensions: ['ova', 'tar'],
  matches: (head) => isTar(head) && isOvfName(firstName(head)),
  async open(source, name) {
    const title = 'a package of a whole virtual machine (OVA)';
    return rejectedImage({ name: 'ova', title, code: 'OVA_UNSUPPORTED' }, await remedy(source, name));
  },
};

/** Unpacking, then a conversion for each disk: OCI imports one disk an image. */
async function remedy(source: ByteSource, name: string): Promise<string> {
  const file = baseName(name);
  const commands = [`tar -xf ${quoteFile(file)}`];
  const disks: string[] = [];
  for await (const member of tarMembers(tarPeek(source))) {
    if (Object.hasOwn(DISK_FORMATS, extensionOf(member.name))) disks.push(member.name);
  }
  for (const disk of disks) {
    const output = qcow2Name(disks.length === 1 ? file : baseName(disk));
    commands.push(
      `qemu-img convert -f ${DISK_FORMATS[extensionOf(disk)]} -O qcow2 ${quoteFile(disk)} ${quoteFile(output)}`,
    );
  }
  return commands.join(' && ');
}

/** DSP0243 §5.3: the descriptor's extension. */
export function isOvfName(name: string): boolean {
  return name.toLowerCase().endsWith('.ovf');
}
