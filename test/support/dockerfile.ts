import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A stage of a Dockerfile, laid out in a folder in place of its root. */
interface Stage {
  readonly root: string;
  directory: string;
  user: number;
  entrypoint: readonly string[];
}

/**
 * Does what a Dockerfile says in folders, without an engine and without a base image: programs run by this Node, and
 * where we are root as the user that it names. It knows the instructions that ours has, and refuses any other.
 *
 * @returns the last stage's folder, and what it is started with
 */
export function layOut(
  dockerfile: string,
  context: string,
  buildArguments: Readonly<Record<string, string>>,
  folder: string,
): { readonly directory: string; readonly entrypoint: readonly string[] } {
  const values: Record<string, string> = { ...buildArguments };
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  for (const line of readFileSync(dockerfile, 'utf8').split('\n')) {
    if (!line.trim() || line.startsWith('#')) continue;
    const [, instruction = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
    const words = rest.replace(/\$\{(\w+)\}/g, (_, name) => values[name] ?? '').split(' ');
    if (instruction === 'ARG') {
      const [name = '', value = ''] = rest.split('=');
      values[name] ??= value;
    } else if (instruction === 'FROM') {
      const name = words[2] ?? 'last';
      stage = { root: resolve(folder, name), directory: '/', user: 0, entrypoint: [] };
      stages.set(name, stage);
    } else if (!stage) throw new Error(`${instruction} stands before FROM`);
    else if (instruction === 'WORKDIR') {
      stage.directory = rest;
      mkdirSync(join(stage.root, rest), { recursive: true });
    } else if (instruction === 'USER') stage.user = Number(rest.split(':')[0]);
    else if (instruction === 'COPY') copy(words, stage, stages, context);
    else if (instruction === 'RUN') run(JSON.parse(rest), stage);
    else if (instruction === 'ENTRYPOINT') stage.entrypoint = JSON.parse(rest);
    else throw new Error(`${dockerfile} has ${instruction}, which this does not know`);
  }
  if (!stage) throw new Error(`${dockerfile} has no FROM`);
  return { directory: join(stage.root, stage.directory), entrypoint: stage.entrypoint };
}

function copy(
  words: readonly string[],
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: string,
): void {
  const option = (name: string) => words.find((word) => word.startsWith(`--${name}=`))?.split('=')[1];
  const paths = words.filter((word) => !word.startsWith('--'));
  const target = paths.pop() ?? '';
  const from = option('from');
  const source = from === undefined ? context : (stages.get(from)?.root ?? '');
  const destination = join(stage.root, stage.directory, target);
  for (const path of paths) {
    // Of a folder its content is copied, a file into what ends with a slash.
    const into = target.endsWith('/') && !isFolder(join(source, path));
    cpSync(join(source, path), into ? join(destination, path) : destination, { recursive: true });
  }
  const owner = Number(option('chown')?.split(':')[0] ?? 0);
  if (process.getuid?.() === 0) forEachPath(destination, (path) => chownSync(path, owner, owner));
}

function isFolder(path: string): boolean {
  try {
    readdirSync(path);
    return true;
  } catch {
    return false;
  }
}

function run([program, ...words]: readonly string[], stage: Stage): void {
  if (program !== 'node') throw new Error(`RUN ${program}: only Node is run`);
  const user = process.getuid?.() === 0 ? { uid: stage.user, gid: stage.user } : {};
  execFileSync(process.execPath, words, { cwd: join(stage.root, stage.directory), stdio: 'pipe', ...user });
}

function forEachPath(path: string, visit: (path: string) => void): void {
  visit(path);
  if (isFolder(path)) for (const name of readdirSync(path)) forEachPath(join(path, name), visit);
}

/** Takes from everybody the right to write in a folder: root, who may all the same, is not who runs a function. */
export const makeReadOnly = (folder: string): void =>
  forEachPath(folder, (path) => chmodSync(path, isFolder(path) ? 0o555 : 0o444));
