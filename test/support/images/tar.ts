const BLOCK = 512;

export interface TarEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly type?: string;
  /** Writes the size in base-256, as GNU tar does from 8 GiB on. */
  readonly base256?: boolean;
  /** Takes the place of the content's length in the header. */
  readonly size?: number;
}

/** A POSIX tar; names beyond 100 bytes go into a GNU long name. */
export function buildTar(entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(member), Buffer.alloc(2 * BLOCK)]);
}

/** One pax record: `LENGTH KEY=VALUE\n`, where LENGTH counts itself. */
export function paxRecord(key: string, value: string): Buffer {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length++;
  return Buffer.from(`${length} ${key}=${value}\n`);
}

function member(entry: TarEntry): Buffer[] {
  const name = Buffer.from(entry.name);
  if (name.length <= 100) return [header(entry, name), padded(entry.content)];
  const longName = Buffer.concat([name, Buffer.alloc(1)]);
  return [
    header({ name: '././@LongLink', content: longName, type: 'L' }, Buffer.from('././@LongLink')),
    padded(longName),
    header(entry, name.subarray(0, 100)),
    padded(entry.content),
  ];
}

function header({ content, type = '0', base256, size = content.length }: TarEntry, name: Buffer): Buffer {
  const bytes = Buffer.alloc(BLOCK);
  name.copy(bytes, 0);
  bytes.write('0000644\0', 0x64);
  if (base256) {
    bytes.writeUInt8(0x80, 0x7c);
    bytes.writeBigUInt64BE(BigInt(size), 0x80);
  } else {
    bytes.write(`${size.toString(8).padStart(11, '0')}\0`, 0x7c);
  }
  bytes.write('00000000000\0', 0x88);
  bytes.write(type, 0x9c, 'latin1');
  bytes.write('ustar\x0000', 0x101, 'latin1');
  bytes.fill(0x20, 0x94, 0x9c);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 0x94);
  return bytes;
}

function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc(Math.ceil(content.length / BLOCK) * BLOCK - content.length)]);
}
