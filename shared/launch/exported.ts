import type { Verdict } from './verdict.ts';

/**
 * The verdict on a disk that was exported from OCI, of which nobody knows the image: OCI's own advice for such is NATIVE.
 * That holds only where the disk itself does not say better: an image that was once imported paravirtualized has no
 * iSCSI to boot from. An `.oci` archive says everything itself.
 */
export function verdictOfExport(read: Verdict): Verdict {
  const saysItself = read.format === 'oci' || read.confidence !== 'low' || read.launchMode === 'NATIVE';
  const isSet = read.evidence.some(({ source }) => source === 'opc-meta-byoi-launch-mode');
  if (saysItself || isSet) return read;
  const fact = 'exported from OCI, and nothing on the disk says how it is launched';
  return {
    ...read,
    launchMode: 'NATIVE',
    evidence: [...read.evidence, { fact, source: 'export bucket' }],
  };
}
