import { execFileSync, type StdioOptions, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ColdStart, firstAnswer, listening } from './cold-process.ts';

/** What OCI Functions gives a function of that memory. */
export interface Limits {
  readonly memoryMB: number;
  /** Thousandths of a processor. */
  readonly cpuMillis: number;
}

/** Builds deploy/Dockerfile, and runs what came of it under the limits of OCI Functions. */
export interface Engine {
  readonly name: string;
  /** @returns what it is started with, as the image says */
  build(functionName: string): readonly string[];
  /**
   * The command line that runs a program in an image: as uid 1000 without rights, on a read-only root; the folder is
   * there at its own path, and the network is the machine's.
   */
  run(
    functionName: string,
    program: readonly string[],
    folder: string,
    limits: Limits,
    names: readonly string[],
  ): string[];
  /** Stops what `run` began. */
  stop(): void;
  remove(): void;
}

/** Another base image than the one that deploy/Dockerfile names. */
const NODE_IMAGE = process.env.BYOI_NODE_IMAGE;
const DOCKERFILE = 'deploy/Dockerfile';
const CONFINE = 'bench/support/confine.sh';
const FUNCTION_USER = 1000;

/** The engine that there is; or why there is none. */
export function findEngine(): Engine | string {
  if (succeeds('docker', 'info')) return docker();
  if (!succeeds('buildah', '--version')) return 'neither a Docker engine nor buildah is here';
  if (process.getuid?.() !== 0) return 'no Docker engine is here, and buildah is of use to root only';
  if (!succeeds(CONFINE, '/', tmpdir(), '256', '1000', '/', 'true'))
    return 'no Docker engine is here, and nothing can be confined without one';
  return buildah();
}

const succeeds = (program: string, ...words: string[]) =>
  spawnSync(program, words, { stdio: 'ignore', timeout: 20_000 }).status === 0;

const quietly = (program: string, words: readonly string[]) =>
  execFileSync(program, words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 26 });

function docker(): Engine {
  const tag = (functionName: string) => `byoi-test/${functionName}`;
  const container = `byoi-test-${process.pid}`;
  const built: string[] = [];
  return {
    name: `Docker, ${NODE_IMAGE ?? 'the base image of the Dockerfile'}`,
    build(functionName) {
      const base = NODE_IMAGE ? ['--build-arg', `NODE_IMAGE=${NODE_IMAGE}`] : [];
      quietly('docker', [
        ...['build', '--platform', 'linux/amd64', '-f', DOCKERFILE, ...base],
        ...['--build-arg', `FUNCTION=${functionName}`, '-t', tag(functionName), 'dist'],
      ]);
      built.push(tag(functionName));
      return JSON.parse(
        quietly('docker', ['inspect', '--format', '{{json .Config.Entrypoint}}', tag(functionName)]),
      );
    },
    run: (functionName, [program = '', ...rest], folder, { memoryMB, cpuMillis }, names) => [
      ...['docker', 'run', '--rm', '--name', container, '--user', `${FUNCTION_USER}:${FUNCTION_USER}`],
      ...['--read-only', '--tmpfs', '/tmp', '--volume', `${folder}:${folder}`, '--network', 'host'],
      ...['--memory', `${memoryMB}m`, '--memory-swap', `${memoryMB}m`, '--cpus', String(cpuMillis / 1000)],
      ...[
        '--cap-drop',
        'ALL',
        '--security-opt',
        'no-new-privileges',
        '--ulimit',
        'nofile=350',
        '--pids-limit',
        '50',
      ],
      ...names.flatMap((name) => ['--env', name]),
      ...['--entrypoint', program, tag(functionName), ...rest],
    ],
    stop: () => void spawnSync('docker', ['kill', container], { stdio: 'ignore' }),
    remove: () => void spawnSync('docker', ['rmi', '--force', ...built], { stdio: 'ignore' }),
  };
}

/** Builds without an engine, on a base of this very Node; a script of ours confines what is run. */
function buildah(): Engine {
  const scratch = mkdtempSync(join(tmpdir(), 'byoi-images-'));
  const call = (...words: string[]) =>
    quietly('buildah', [
      ...['--root', join(scratch, 'root'), '--runroot', join(scratch, 'run'), '--storage-driver', 'vfs'],
      ...words,
    ]).trim();
  const base = 'localhost/node';
  const roots = new Map<string, string>();
  return {
    name: `buildah, a base image of Node ${process.version}`,
    build(functionName) {
      if (roots.size === 0)
        makeBase(join(scratch, 'base'), (folder) => {
          const container = call('from', 'scratch');
          call('add', '--quiet', container, folder, '/');
          call('commit', '--quiet', container, base);
        });
      const image = `localhost/${functionName}`;
      call(
        ...['build', '--isolation', 'chroot', '--layers', '--build-arg', `NODE_IMAGE=${base}`],
        ...['--build-arg', `FUNCTION=${functionName}`, '-t', image, '-f', DOCKERFILE, 'dist'],
      );
      roots.set(functionName, call('mount', call('from', image)));
      return JSON.parse(call('inspect', '--type', 'image', image)).OCIv1.config.Entrypoint;
    },
    run: (functionName, program, folder, { memoryMB, cpuMillis }) => [
      ...[CONFINE, roots.get(functionName) ?? '', folder, String(memoryMB), String(cpuMillis), '/function'],
      ...program,
    ],
    stop: () => {},
    remove() {
      if (roots.size > 0) call('umount', '--all');
      rmSync(scratch, { recursive: true, force: true });
    },
  };
}

/** A root filesystem with Node, a shell, the libraries of both, and nothing else. */
function makeBase(folder: string, use: (folder: string) => void): void {
  const copy = (from: string, to = from) => {
    mkdirSync(join(folder, dirname(to)), { recursive: true });
    cpSync(from, join(folder, to), { dereference: true });
  };
  for (const [from, to] of [
    [process.execPath, '/usr/bin/node'],
    ['/bin/sh', '/bin/sh'],
  ] as const) {
    copy(from, to);
    for (const library of quietly('ldd', [from]).match(/\/\S+/g) ?? []) copy(library);
  }
  for (const empty of ['proc', 'tmp']) mkdirSync(join(folder, empty));
  chmodSync(join(folder, 'tmp'), 0o1777);
  use(folder);
}

/**
 * Starts an image anew, calls it once over the FDK's socket, and stops it.
 *
 * @param environment as `Rig.environment` gives it: its credentials are in one folder, which the container gets
 */
export async function startImage(
  engine: Engine,
  functionName: string,
  program: readonly string[],
  limits: Limits,
  environment: Readonly<Record<string, string>>,
  payload: object,
): Promise<ColdStart> {
  const folder = dirname(environment.OCI_RESOURCE_PRINCIPAL_RPST ?? '');
  giveAway(folder);
  const socketPath = join(folder, 'lsnr.sock');
  rmSync(socketPath, { force: true });
  rmSync(`${socketPath}.tmp`, { force: true });
  const all = { ...environment, HOME: '/tmp', ...listening(socketPath) };
  const [command = '', ...words] = engine.run(functionName, program, folder, limits, Object.keys(all));
  const start = () =>
    spawn(command, words, { env: { PATH: process.env.PATH, ...all }, stdio: ['ignore', 'ignore', 'pipe'] });
  return firstAnswer(start, socketPath, payload, (child) => {
    engine.stop();
    child.kill('SIGTERM');
  });
}

/** Runs a program in an image to its end. @returns what it printed */
export function runInImage(
  engine: Engine,
  functionName: string,
  program: readonly string[],
  limits: Limits,
): string {
  const folder = mkdtempSync(join(tmpdir(), 'byoi-run-'));
  try {
    giveAway(folder);
    const [command = '', ...words] = engine.run(functionName, program, folder, limits, []);
    const stdio: StdioOptions = ['ignore', 'pipe', 'pipe'];
    return execFileSync(command, words, { encoding: 'utf8', env: { PATH: process.env.PATH }, stdio });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** To the user that a function runs as; where we are not root, to everybody. */
function giveAway(folder: string): void {
  const paths = [folder, ...readdirSync(folder).map((name) => join(folder, name))];
  for (const path of paths) {
    if (process.getuid?.() === 0) chownSync(path, FUNCTION_USER, FUNCTION_USER);
    else chmodSync(path, 0o777);
  }
}
