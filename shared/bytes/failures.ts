import { type ByteSource, checkRange } from './source.ts';

/**
 * A source that remembers its own errors (network, rights, an object overwritten): those say nothing
 * about the image that is being read, whereas any other error while it is parsed does.
 */
export function noteFailures(source: ByteSource): { guarded: ByteSource; failures: ReadonlySet<unknown> } {
  const failures = new Set<unknown>();
  const guarded: ByteSource = {
    size: source.size,
    async read(offset, length) {
      // To ask for what is not there is the reader's doing, not the source's.
      checkRange(source, offset, length);
      try {
        return await source.read(offset, length);
      } catch (error) {
        failures.add(error);
        throw error;
      }
    },
  };
  return { guarded, failures };
}
