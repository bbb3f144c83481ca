import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../../../local/api.ts';
import { Cloud } from '../../../local/cloud.ts';
import { Region } from '../../../local/region.ts';

/** The section of each folder of local/ that serves operations; a new service has to be given one. */
const SECTIONS: Readonly<Record<string, string>> = {
  'object-storage': 'Object Storage',
  compute: 'Compute',
  'work-requests': 'Work requests of Compute',
  limits: 'Limits',
  events: 'Events',
  functions: 'Functions',
  'resource-scheduler': 'Resource Scheduler',
  notifications: 'Notifications, and streams as a sink',
  logging: 'Logging',
  identity: 'Identity',
};
const CONTROL = 'Control of the emulation';

const text = readFileSync('docs/FIDELITY.md', 'utf8');
const sections = new Map(
  text.split(/^## /m).map((section) => {
    const [title = '', ...body] = section.split('\n');
    return [title, body.join('\n')];
  }),
);

/** What the first column of a section's tables with that heading names. */
function firstColumn(section: string, heading: 'operation' | 'call'): string[] {
  const [, table = ''] = (sections.get(section) ?? '').split(`| ${heading} |`);
  const rows = table.split('\n').slice(2);
  const end = rows.findIndex((row) => !row.startsWith('|'));
  return rows.slice(0, end).flatMap((row) => (row.split('|')[1] ?? '').trim().split(', '));
}

const isControl = ({ path }: Operation) => path.startsWith('/_local/');
const names = (operations: readonly Operation[]) =>
  Array.from(new Set(operations.filter((one) => !isControl(one)).map(({ name }) => name))).sort();

let cloud: Cloud;
const served = new Map<string, Operation[]>();

beforeAll(async () => {
  cloud = await Cloud.start({
    dataDir: mkdtempSync(join(tmpdir(), 'byoi-fidelity-')),
    regions: [{ name: 'us-ashburn-1' }],
  });
  // A region that nobody listens for: the services are only asked what they would serve.
  const region = new Region(cloud, 'us-phoenix-1', 'phx');
  for (const entry of readdirSync('local', { withFileTypes: true })) {
    if (!existsSync(`local/${entry.name}/service.ts`)) continue;
    const service: Record<string, (region: Region) => Operation[]> = await import(
      `../../../local/${entry.name}/service.ts`
    );
    served.set(
      entry.name,
      Object.values(service).flatMap((operations) => operations(region)),
    );
  }
});
afterAll(async () => {
  await cloud.stop();
  rmSync(cloud.dataDir, { recursive: true, force: true });
});

describe('docs/FIDELITY.md', () => {
  test('has a section for every service that the embedded OCI serves', () => {
    const services = Array.from(served).filter(([, operations]) => names(operations).length > 0);
    expect(services.map(([folder]) => folder).sort()).toEqual(Object.keys(SECTIONS).sort());
  });

  test.each(Object.entries(SECTIONS))(
    'names what %s serves, each once, and nothing else',
    (folder, section) => {
      expect(firstColumn(section, 'operation').sort()).toEqual(names(served.get(folder) ?? []));
    },
  );

  test('names every call of the control, and nothing else', () => {
    const calls = Array.from(served.values())
      .flat()
      .filter(isControl)
      .map(({ method, path }) => `${method} \`${path}\``);
    expect(firstColumn(CONTROL, 'call').sort()).toEqual(calls.sort());
  });

  test('names only tests that there are', () => {
    const paths = text.match(/test\/[\w/.-]+/g) ?? [];
    expect(paths.length).toBeGreaterThan(Object.keys(SECTIONS).length);
    expect(paths.map((path) => path.replace(/[./]+$/, '')).filter((path) => !existsSync(path))).toEqual([]);
  });

  test('links to sections that there are', () => {
    const anchors = Array.from(sections.keys(), (title) =>
      title.toLowerCase().replaceAll(',', '').replaceAll(' ', '-'),
    );
    const links = Array.from(text.matchAll(/\]\(#([^)]+)\)/g), ([, anchor]) => anchor);
    expect(anchors).toEqual(expect.arrayContaining(links));
  });
});
