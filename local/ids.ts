import { randomBytes, randomUUID } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** Lower-case base 32, as in OCI's identifiers. */
export function randomName(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % 32]).join('');
}

/** 32 hexadecimal digits, as in OCI's `opc-request-id`; one is made for each answer, so it has to be cheap. */
export function newRequestId(): string {
  return randomUUID().replaceAll('-', '').toUpperCase();
}

/** A new OCID: `ocid1.<type>.oc1.<region key>.<60 characters>`; global types have an empty region key. */
export function newOcid(type: string, regionKey = ''): string {
  return `ocid1.${type}.oc1.${regionKey}.${randomName(60)}`;
}
