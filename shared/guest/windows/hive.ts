import type { ByteSource } from '../../bytes/source.ts';
import { BASE_BLOCK_LENGTH, cellsOf } from './hive-cells.ts';
import { HiveDamagedError } from './hive-error.ts';
import { type HiveKey, readKey } from './hive-keys.ts';

/*
 * A registry hive: a base block, and bins of cells that hold keys and values.
 * https://github.com/msuhanov/regf/blob/master/Windows%20registry%20file%20format%20specification.md#base-block
 *
 *   0x000  4  "regf"
 *   0x004  4  primary sequence number: counted up before a write
 *   0x008  4  secondary sequence number: counted up after it
 *   0x014  4  major version: 1
 *   0x018  4  minor version: 3 to 6
 *   0x01C  4  what kind of file: 0 the hive itself, others its transaction logs
 *   0x024  4  where the root key's cell is
 *   0x028  4  length of all bins
 *   0x1FC  4  checksum: the words before it, XORed
 *
 * What was not yet written to the hive is in its transaction logs (SYSTEM.LOG1, SYSTEM.LOG2). They are not read here.
 */
const CHECKSUM_AT = 0x1fc;
const MAJOR_VERSION = 1;
const HIVE_FILE = 0;
/** Since this minor version, large data is in segments. */
const BIG_DATA_VERSION = 4;

export interface Hive {
  readonly root: HiveKey;
  /** A write to it was not finished: what Windows wrote last is in its transaction logs, maybe only there. */
  readonly dirty: boolean;
}

/** @throws {HiveDamagedError} when it is no hive, or its root key cannot be read */
export async function openHive(source: ByteSource): Promise<Hive> {
  if (source.size < BASE_BLOCK_LENGTH) throw new HiveDamagedError(`it has only ${source.size} bytes`);
  const block = await source.read(0, CHECKSUM_AT + 4);
  const isHive = block.toString('latin1', 0, 4) === 'regf' && block.readUInt32LE(0x1c) === HIVE_FILE;
  if (!isHive || block.readUInt32LE(0x14) !== MAJOR_VERSION) {
    throw new HiveDamagedError('it does not begin as one');
  }
  const end = Math.min(block.readUInt32LE(0x28), source.size - BASE_BLOCK_LENGTH);
  const cells = cellsOf(source, end, block.readUInt32LE(0x18) >= BIG_DATA_VERSION);
  // A base block that was torn is what a crash leaves: Windows recovers it from the logs, too.
  const dirty =
    block.readUInt32LE(0x04) !== block.readUInt32LE(0x08) ||
    checksum(block) !== block.readUInt32LE(CHECKSUM_AT);
  return { root: await readKey(cells, block.readUInt32LE(0x24)), dirty };
}

function checksum(block: Buffer): number {
  let sum = 0;
  for (let at = 0; at < CHECKSUM_AT; at += 4) sum ^= block.readUInt32LE(at);
  // The two results that are taken to mean that there is none are moved by one.
  if (sum === -1) return 0xfffffffe;
  return sum === 0 ? 1 : sum >>> 0;
}
