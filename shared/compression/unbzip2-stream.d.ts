/** The part of the package that decodes a block; it has no types of its own. */
declare module 'unbzip2-stream/lib/bzip2.js' {
  /** The next `count` bits; null: those up to the next byte are left out. */
  type Bits = (count: number | null) => number;

  const bzip2: {
    /** Reads the file's header. Returns its largest block in 100 000 bytes. */
    header(bits: Bits): number;
    /**
     * Decodes one block into `write`, a byte at a time. Returns the checksum so far, null behind the last block.
     *
     * @param work as many numbers as the largest block has bytes
     */
    decompress(
      bits: Bits,
      write: (byte: number) => void,
      work: Int32Array,
      workLength: number,
      checksum: number,
    ): number | null;
  };
  export default bzip2;
}
