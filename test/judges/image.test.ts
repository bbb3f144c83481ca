import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Limits } from '../../bench/support/engines/engine.ts';
import { findEngine, runInImage, startImage } from '../../bench/support/image.ts';
import { dropEvent, type Rig, startRig } from '../../bench/support/rig.ts';
import { declaredFlags } from '../../bench/support/variants.ts';
import { PRINT_REJECTED } from '../support/code-cache.ts';

const FUNCTIONS = ['import-image', 'advance-runs'];
const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
/** OCI gives a function a share of a processor by its memory; at 256 MB an eighth was seen. */
const DECLARED: Limits = { memoryMB: 256, cpuMillis: 125 };
const SMALLEST: Limits = { memoryMB: 128, cpuMillis: 125 };

const engine = findEngine();
const title = typeof engine === 'string' ? `the image of a function (skipped: ${engine})` : engine.name;

describe.skipIf(typeof engine === 'string')(title, () => {
  if (typeof engine === 'string') return;
  const entrypoints = new Map<string, readonly string[]>();
  let rig: Rig;

  beforeAll(async () => {
    for (const name of FUNCTIONS) entrypoints.set(name, engine.build(name));
    rig = await startRig();
  }, 600_000);
  afterAll(async () => {
    await rig?.stop();
    engine.remove();
  });

  const entrypointOf = (name: string) => entrypoints.get(name) ?? [];

  describe.each(FUNCTIONS)('%s', (name) => {
    it('is started with the flags of its func.yaml', () => {
      expect(entrypointOf(name)).toEqual(['node', ...declaredFlags(`functions/${name}`), 'func.cjs']);
    });

    it('has a code cache of what its work loads, good for its own Node and for the user it runs as', () => {
      const [node = '', ...flags] = entrypointOf(name).slice(0, -1);
      const inFolder = (script: string) =>
        JSON.parse(runInImage(engine, name, [node, ...flags, '-e', script], DECLARED));
      const files: string[] = inFolder('console.log(JSON.stringify(fs.readdirSync(".")))');
      const cached = files.filter((file) => file.endsWith('.cache'));
      for (const chunk of [/^handler-/, /^oci-core-/, /^oci-objectstorage-/])
        expect(cached.some((file) => chunk.test(file))).toBe(true);
      expect(files).toContain('NOTICE');
      expect(inFolder(PRINT_REJECTED)).toEqual([]);
    });

    it.each([DECLARED, SMALLEST])(
      'answers with $memoryMB MB and an eighth of a processor',
      async (limits) => {
        const environment = await rig.environment(name);
        const start = await startImage(engine, name, entrypointOf(name), limits, environment, IGNORED);
        expect(start.answer).toContain('ignored');
        console.log(`${name}, ${limits.memoryMB} MB: ${start.answeredMs.toFixed(0)} ms to the first answer`);
      },
    );
  });

  it('is not built where no function is named, or one that is not there', () => {
    expect(readFileSync('deploy/Dockerfile', 'utf8')).toContain('ARG FUNCTION=none-given');
    expect(() => engine.build('none-given')).toThrow('none-given');
  });

  it('runs as nobody of rights, on a root that nobody can write to', () => {
    const script = `
      const written = ['/function/x', '/x', '/tmp/x'].filter((path) => {
        try { fs.writeFileSync(path, ''); return true; } catch { return false; }
      });
      const [, rights] = /CapEff:\\s*(\\S+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'));
      console.log(JSON.stringify({ user: process.getuid(), rights: parseInt(rights, 16), written }));`;
    const said = JSON.parse(runInImage(engine, 'import-image', ['node', '-e', script], DECLARED));
    expect(said).toEqual({ user: 1000, rights: 0, written: ['/tmp/x'] });
  });

  it('is killed where it takes more memory than it has', () => {
    const hog = 'const held = []; for (;;) held.push(Buffer.alloc(2 ** 23, 1))';
    expect(() => runInImage(engine, 'import-image', ['node', '-e', hog], SMALLEST)).toThrow();
  });

  it('makes an image of a dropped disk in its 256 MB', async () => {
    const event = await dropEvent(rig, 'test/fixtures/demo-disk.qcow2');
    const environment = await rig.environment('import-image');
    const program = entrypointOf('import-image');
    const start = await startImage(engine, 'import-image', program, DECLARED, environment, event);
    expect(rig.createImageAt()).toBeGreaterThan(start.spawnedAt);
    expect(JSON.parse(start.answer)).toHaveProperty('run');
  });
});
