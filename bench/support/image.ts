import { execFileSync, type StdioOptions, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type ColdStart, firstAnswer, listening } from './cold-process.ts';
import { buildah } from './engines/buildah.ts';
import { docker } from './engines/docker.ts';
import { type Engine, FUNCTION_USER, type Limits } from './engines/engine.ts';

/** The engine that there is; or why there is none. */
export const findEngine = (): Engine | string => docker() ?? buildah();

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
  for (const left of [socketPath, `${socketPath}.tmp`]) rmSync(left, { force: true });
  const given = { ...environment, HOME: '/tmp', ...listening(socketPath) };
  const [command = '', ...words] = engine.run(functionName, {
    program,
    folder,
    limits,
    variables: Object.keys(given),
  });
  const env = { PATH: process.env.PATH, ...given };
  const start = () => spawn(command, words, { env, stdio: ['ignore', 'ignore', 'pipe'] });
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
    const [command = '', ...words] = engine.run(functionName, { program, folder, limits, variables: [] });
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
