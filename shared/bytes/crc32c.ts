/** CRC-32C (Castagnoli), RFC 3720 appendix B.4: the polynomial 0x1EDC6F41 with its bits reversed. */
const POLYNOMIAL = 0x82f63b78;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? POLYNOMIAL : 0);
  return remainder;
});

/**
 * The CRC's register after `bytes`, as the Linux kernel's `crc32c(seed, …)` has it: not inverted at the end, so that
 * it can be the next call's seed. The usual checksum is `~crc32c(0xffffffff, bytes) >>> 0`.
 */
export function crc32c(seed: number, bytes: Uint8Array): number {
  let register = seed >>> 0;
  for (const byte of bytes) register = (register >>> 8) ^ (TABLE[(register ^ byte) & 0xff] ?? 0);
  return register >>> 0;
}
