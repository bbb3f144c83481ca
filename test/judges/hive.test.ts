import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bufferSource } from '../../shared/bytes/buffer.ts';
import { openHive } from '../../shared/guest/windows/hive.ts';
import type { HiveKey } from '../../shared/guest/windows/hive-keys.ts';
import { numberOf, stringOf } from '../../shared/guest/windows/hive-values.ts';
import { inspect } from '../../shared/inspect.ts';
import { unpackedFixture } from '../support/fixtures.ts';
import {
  BARE_SYSTEM,
  CROWDED_SOFTWARE,
  CROWDED_SYSTEM,
  RELEASES,
  SERVICES,
  softwareHive,
  virtio,
} from '../support/guests/windows.ts';
import { buildHive, type HiveContent, type HiveLayout } from '../support/hive.ts';
import { buildQcow2 } from '../support/images/qcow2.ts';
import { run } from '../support/programs.ts';

const work = mkdtempSync(join(tmpdir(), 'byoi-judge-hive-'));
const file = join(work, 'hive');
afterAll(() => rmSync(work, { recursive: true }));

/** Of hivex, by which virt-v2v and libguestfs read and write the registries of guests. */
const hivex = (command: string[], input?: string) => run('libhivex-bin', command, input);
// Perl writes what is beyond ASCII as UTF-8 only when told so.
process.env.PERL_UNICODE = 'SD';
process.env.LIBGUESTFS_BACKEND ??= 'direct';
process.env.LIBGUESTFS_BACKEND_SETTINGS ??= 'force_tcg';
const exported = () => run('libwin-hivex-perl', ['hivexregedit', '--export', file, '\\']);
const merge = (text: string) =>
  run('libwin-hivex-perl', ['hivexregedit', '--merge', '--encoding', 'UTF-16LE', file], text);

type Dump = Map<string, Map<string, string>>;

/** As hivexregedit writes it: of each key, its values by name, with type and bytes. */
function parseExport(text: string): Dump {
  const keys: Dump = new Map();
  let values = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const path = /^\[(.*)\]$/.exec(line)?.[1];
    if (path !== undefined) {
      values = new Map();
      keys.set(path, values);
    }
    const [, name, data] = /^(@|"(?:[^"\\]|\\.)*")=(.*)$/.exec(line) ?? [];
    if (name === undefined || data === undefined) continue;
    values.set(name === '@' ? '' : name.slice(1, -1).replace(/\\(.)/g, '$1'), data);
  }
  return keys;
}

/** The same of what is read here. */
async function dump(bytes: Buffer): Promise<Dump> {
  const keys: Dump = new Map();
  async function visit(key: HiveKey, path: string): Promise<void> {
    const values = new Map<string, string>();
    keys.set(path || '\\', values);
    for await (const value of key.values()) values.set(value.name, written(value.type, await value.data()));
    for await (const child of key.subkeys()) await visit(child, `${path}\\${child.name}`);
  }
  await visit((await openHive(bufferSource(bytes))).root, '');
  return keys;
}

function written(type: number, data: Buffer): string {
  if (type === 4) return `dword:${data.readUInt32LE(0).toString(16).padStart(8, '0')}`;
  const bytes = [...data].map((byte) => byte.toString(16).padStart(2, '0'));
  return `hex(${type.toString(16)}):${bytes.join(',')}`;
}

const ODD: HiveContent = {
  '': { '': 'of the root' },
  'names\\Größe': { 'Ωμέγα 🦊': 'ja', 'quote " and [bracket]': 'x', multi: ['one', 'two'] },
  'names\\日本語': {},
  'data\\lengths': Object.fromEntries(
    [0, 1, 4, 5, 4096, 16_344, 16_345, 32_688, 40_000].map((length) => [
      `${length}`,
      Buffer.alloc(length, 'x'),
    ]),
  ),
};
/** As many as fit what is taken of a program's output. */
const CLASSES = Object.fromEntries(Object.entries(CROWDED_SOFTWARE).slice(0, 200));
const server = { ...BARE_SYSTEM, ...CROWDED_SYSTEM, ...virtio(17763) };

describe('what is written here, hivex reads the same: every key, every value', () => {
  test.each<[string, HiveContent, HiveLayout]>([
    ['a SYSTEM hive', server, {}],
    ['a SYSTEM hive of another order, in lists of lists', server, { scattered: true, listLength: 7 }],
    ['a SOFTWARE hive', softwareHive(RELEASES['2022'], CLASSES), {}],
    ['odd names and data', ODD, {}],
    ['names in UTF-16', ODD, { wideNames: true }],
    ['lists with hints', server, { list: 'lf' }],
    ['lists of offsets', server, { list: 'li' }],
  ])('%s', async (_, content, layout) => {
    const bytes = buildHive(content, layout);
    writeFileSync(file, bytes);
    const ours = await dump(bytes);
    expect(ours.size).toBeGreaterThan(4);
    expect(ours).toEqual(parseExport(exported()));
  });
});

test('what hivex writes is read here: keys and values that it adds, and changes, in a hive', async () => {
  writeFileSync(file, buildHive(BARE_SYSTEM));
  const added = Array.from(
    { length: 900 },
    (_, number) => `[\\${SERVICES}\\added-${number}]\n"Start"=dword:0000000${number % 5}\n`,
  );
  const keys = [
    `[\\${SERVICES}\\vioscsi]\n"Start"=dword:00000000\n"ImagePath"=str(2):"system32\\\\drivers\\\\vioscsi.sys"\n`,
    `[\\${SERVICES}\\atapi]\n"Start"=dword:00000003\n`,
    ...added,
  ];
  merge(`Windows Registry Editor Version 5.00\n\n${keys.join('\n')}`);
  const bytes = readFileSync(file);
  const { root } = await openHive(bufferSource(bytes));
  const vioscsi = await root.key(`${SERVICES}\\VIOSCSI`);
  expect(vioscsi && (await stringOf(await vioscsi.value('imagepath')))).toBe(
    'system32\\drivers\\vioscsi.sys',
  );
  for (const number of [0, 499, 899]) {
    const key = await root.key(`${SERVICES}\\Added-${number}`);
    expect(key && (await numberOf(await key.value('Start')))).toBe(number % 5);
  }
  const ours = await dump(bytes);
  expect(ours.size).toBeGreaterThan(900);
  expect(ours).toEqual(parseExport(exported()));
});

test('single values, as hivexget and hivexsh give them', async () => {
  const bytes = buildHive(server);
  writeFileSync(file, bytes);
  const { root } = await openHive(bufferSource(bytes));
  const key = await root.key(`${SERVICES}\\vioscsi`);
  expect(key).not.toBeNull();
  const image = hivex(['hivexget', file, `${SERVICES}\\vioscsi`, 'ImagePath']).trim();
  expect(key && (await stringOf(await key.value('ImagePath')))).toBe(image);
  const names: string[] = [];
  const services = await root.key(SERVICES);
  for await (const service of services?.subkeys() ?? []) names.push(service.name);
  const listed = hivex(['hivexsh', file], `cd ${SERVICES}\nls\n`).trim().split('\n');
  expect(names).toEqual(listed);
});

test('virt-inspector says of the Windows fixture what byoi does', async () => {
  const disk = unpackedFixture('windows.raw.gz');
  writeFileSync(file, disk);
  const inspector = ['virt-inspector', '--format=raw', '-a', file, '--no-applications', '--no-icon'];
  const xml = run('libguestfs-tools', inspector);
  const tells = (tag: string) => new RegExp(`<${tag}>(.*)</${tag}>`).exec(xml)?.[1];
  const verdict = await inspect(bufferSource(buildQcow2(disk)), { name: 'windows.qcow2' });
  expect(verdict).toMatchObject({ architecture: tells('arch'), guest: { name: tells('product_name') } });
  expect([tells('name'), tells('major_version'), tells('windows_systemroot')]).toEqual([
    'windows',
    '10',
    '/Windows',
  ]);
  const source = `SYSTEM hive, ${tells('windows_current_control_set')}\\Services\\vioscsi`;
  expect(verdict.evidence.map((evidence) => evidence.source)).toContain(source);
});
