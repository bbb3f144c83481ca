import { IntegerTooLargeError } from './errors.ts';

/**
 * A 64-bit unsigned field as a number.
 *
 * @throws {IntegerTooLargeError} beyond 2^53 - 1
 */
export function safeInteger(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new IntegerTooLargeError(value);
  return Number(value);
}
