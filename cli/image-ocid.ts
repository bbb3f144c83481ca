import { UsageError } from './errors.ts';

/**
 * The region in an image's OCID: its key (`iad`), or for newer regions its name.
 *
 * @param fallback where the OCID says it by a key that is not known
 * @throws {UsageError} where it is no OCID of an image
 */
export async function regionOfImage(imageId: string, fallback: string): Promise<string> {
  const [, key] = /^ocid1\.image\.[a-z0-9]+\.([a-z0-9-]+)\.[a-z0-9]+$/.exec(imageId) ?? [];
  if (key === undefined) {
    throw new UsageError(
      `"${imageId}" is no OCID of an image.`,
      'It begins with ocid1.image.; `oci compute image list` has them.',
    );
  }
  const { Region } = await import('oci-common');
  const known = Region.values().find(({ regionCode, regionId }) => regionCode === key || regionId === key);
  return known?.regionId ?? fallback;
}
