import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CONTEXT, DOCKERFILE, type Engine } from './engine.ts';
import { quietly, succeeds } from './programs.ts';

const CONFINE = 'bench/support/engines/confine.sh';
const BASE = 'localhost/node';

/** Builds without an engine, on a base of this very Node; a script of ours confines what is run. */
export function buildah(): Engine | string {
  if (!succeeds('buildah', '--version')) return 'neither a Docker engine nor buildah is here';
  if (process.getuid?.() !== 0) return 'no Docker engine is here, and buildah is of use to root only';
  if (!succeeds(CONFINE, '/', tmpdir(), '256', '1000', '/', 'true'))
    return 'no Docker engine is here, and nothing can be confined without one';

  const scratch = mkdtempSync(join(tmpdir(), 'byoi-images-'));
  const storage = [
    ...['--root', join(scratch, 'root'), '--runroot', join(scratch, 'run'), '--storage-driver', 'vfs'],
  ];
  const call = (...words: string[]) => quietly('buildah', [...storage, ...words]).trim();
  const roots = new Map<string, string>();

  function commitBase(): void {
    const container = call('from', 'scratch');
    call('add', '--quiet', container, makeBase(join(scratch, 'base')), '/');
    call('commit', '--quiet', container, BASE);
  }

  return {
    name: `buildah, a base image of Node ${process.version}`,
    build(functionName) {
      if (roots.size === 0) commitBase();
      const image = `localhost/${functionName}`;
      call(
        ...['build', '--isolation', 'chroot', '--layers', '--build-arg', `NODE_IMAGE=${BASE}`],
        ...['--build-arg', `FUNCTION=${functionName}`, '-t', image, '-f', DOCKERFILE, CONTEXT],
      );
      roots.set(functionName, call('mount', call('from', image)));
      return JSON.parse(call('inspect', '--type', 'image', image)).OCIv1.config.Entrypoint;
    },
    run: (functionName, { program, folder, limits: { memoryMB, cpuMillis } }) => [
      ...[CONFINE, roots.get(functionName) ?? '', folder, String(memoryMB), String(cpuMillis), '/function'],
      ...program,
    ],
    // The script ends what it began when it is told to end.
    stop: () => {},
    remove() {
      if (roots.size > 0) call('umount', '--all');
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** A root filesystem with Node, a shell, the libraries of both, and nothing else. */
function makeBase(folder: string): string {
  const copy = (from: string, to = from) => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    // Of a link what it leads to.
    copyFileSync(from, join(folder, to));
  };
  copy(process.execPath, '/usr/bin/node');
  copy('/bin/sh');
  for (const program of [process.execPath, '/bin/sh'])
    for (const library of quietly('ldd', [program]).match(/\/\S+/g) ?? []) copy(library);
  for (const empty of ['proc', 'tmp']) mkdirSync(join(folder, empty));
  chmodSync(join(folder, 'tmp'), 0o1777);
  return folder;
}
