import { closeSync, openSync, read, readSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { promisify } from 'node:util';

const readAt = promisify(read);

/** Bytes that one read from disk asks for: 128 and 256 KiB were slower over loopback, 512 KiB about as fast. */
const READ_BYTES = 1024 * 1024;

/** So little is read in less time than another thread takes to wake up, from the page cache or a solid-state disk. */
const SYNCHRONOUS_READ_BYTES = 64 * 1024;

/** Buffers kept for later: two for each of a few readers. */
const MAX_SPARE_BUFFERS = 8;

/** Fresh memory costs more than reading into it: a buffer is used again once its bytes are on the wire. */
const spareBuffers: Buffer[] = [];

/** Some bytes of one file, the end exclusive. */
export interface Slice {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Writes slices of files to `target` and ends it; while one buffer is on the wire the other is filled.
 *
 * @throws where a file cannot be read, or `target` is closed before the end
 */
export async function writeSlices(slices: readonly Slice[], target: Writable): Promise<void> {
  const buffers = [takeBuffer(), takeBuffer()] as const;
  let written = Promise.resolve();
  let turn = 0;
  for (const { path, start, end } of slices) {
    const file = openSync(path, 'r');
    try {
      for (let position = start; position < end; ) {
        const buffer = buffers[turn % 2 === 0 ? 0 : 1];
        const length = Math.min(buffer.length, end - position);
        const bytesRead =
          length <= SYNCHRONOUS_READ_BYTES
            ? readSync(file, buffer, 0, length, position)
            : (await readAt(file, buffer, 0, length, position)).bytesRead;
        if (bytesRead === 0) throw new Error(`The content file ${path} is cut short.`);
        await written;
        written = write(target, buffer.subarray(0, bytesRead));
        // It may fail while the next read is awaited; it is thrown where it is awaited itself.
        written.catch(() => {});
        position += bytesRead;
        turn += 1;
      }
    } finally {
      closeSync(file);
    }
  }
  await written;
  target.end();
  // Only now: after a failure some of their bytes may still be on their way.
  for (const buffer of buffers) if (spareBuffers.length < MAX_SPARE_BUFFERS) spareBuffers.push(buffer);
}

const takeBuffer = () => spareBuffers.pop() ?? Buffer.allocUnsafeSlow(READ_BYTES);

function write(target: Writable, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const onClose = () => reject(new Error('The reader went away.'));
    if (target.destroyed) return onClose();
    target.once('close', onClose);
    target.write(bytes, (error) => {
      target.off('close', onClose);
      if (error) reject(error);
      else resolve();
    });
  });
}
