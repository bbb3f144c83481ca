import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { LocalDeployment } from './deploy.ts';
import { LocalDataFolderError, LocalDataVersionError } from './errors.ts';
import { isOwnerFile } from './owner.ts';

/** Raise it when another byoi could not go on with the folder: what is deployed there, or how it is kept, changed. */
const LAYOUT = 1;

/** What is kept beside the embedded OCI's own data. */
export interface LocalState {
  readonly layout: number;
  /** The byoi that made it. */
  readonly version: string;
  /** The first is the hub; the same ports again at the next start, so that endpoints stay what they are. */
  readonly regions: readonly { readonly name: string; readonly port: number }[];
  /** Null until all of it was deployed. */
  readonly deployment: LocalDeployment | null;
}

/**
 * A folder for one embedded OCI that outlives its process:
 *
 *     local.json    what is deployed there, and on which ports
 *     owner-N.json  who runs it, or ran it last (owner.ts)
 *     local.log     what the process in the background says
 *     functions     the functions' processes that it started (leftovers.ts)
 *     cloud/        the embedded OCI's own
 */
export interface DataFolder {
  readonly path: string;
  readonly logFile: string;
  readonly cloudDir: string;
  readonly functionsFile: string;
}

const STATE = 'local.json';
const LOG = 'local.log';
const CLOUD = 'cloud';
const FUNCTIONS = 'functions';

const isOurs = (name: string) =>
  [STATE, `${STATE}.new`, LOG, CLOUD, FUNCTIONS].includes(name) || isOwnerFile(name);

/** @param given the folder of `--data-dir`; without it one of the user's own, as the XDG base directories have it */
export function dataFolder(given?: string): DataFolder {
  const path = given ? resolve(given) : join(dataHome(), 'byoi', 'local');
  return {
    path,
    logFile: join(path, LOG),
    cloudDir: join(path, CLOUD),
    functionsFile: join(path, FUNCTIONS),
  };
}

/** The OCI configuration with the key of the embedded OCI's administrator. */
export const administratorConfig = ({ cloudDir }: DataFolder): string =>
  join(cloudDir, 'global', 'oci-config');

/** https://specifications.freedesktop.org/basedir-spec/latest/: a relative path is to be ignored. */
function dataHome(): string {
  const { XDG_DATA_HOME: given } = process.env;
  return given && isAbsolute(given) ? given : join(homedir(), '.local', 'share');
}

/**
 * Makes the folder where it is missing, for the user alone: the administrator's key lies there.
 *
 * @throws {LocalDataFolderError} where it cannot be made, or is somebody else's
 */
export function prepare({ path }: DataFolder): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw new LocalDataFolderError(path, 'it cannot be made', { cause });
  }
  const foreign = isUsed(path) ? undefined : entries(path).find((name) => name !== LOG);
  if (foreign !== undefined)
    throw new LocalDataFolderError(path, `it has other files in it, such as ${foreign}`);
}

function entries(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (cause) {
    throw new LocalDataFolderError(path, 'it cannot be read', { cause });
  }
}

/**
 * @returns undefined where nothing was ever started
 * @throws {LocalDataVersionError} where another version of byoi wrote it
 */
export function readState({ path }: DataFolder): LocalState | undefined {
  const file = join(path, STATE);
  if (!existsSync(file)) return undefined;
  const state: LocalState = JSON.parse(readFileSync(file, 'utf8'));
  if (state.layout !== LAYOUT) throw new LocalDataVersionError(path, state.version, manifest.version);
  return state;
}

export function writeState({ path }: DataFolder, state: Pick<LocalState, 'regions' | 'deployment'>): void {
  const file = join(path, STATE);
  const whole: LocalState = { layout: LAYOUT, version: manifest.version, ...state };
  writeFileSync(`${file}.new`, `${JSON.stringify(whole, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/**
 * Removes what is ours in the folder, and then the folder, unless somebody keeps something else there.
 *
 * @returns was there anything?
 */
export function removeData({ path }: DataFolder): boolean {
  if (!existsSync(path)) return false;
  const ours = isUsed(path) ? entries(path).filter(isOurs) : [];
  // The state last: it is what says that the rest is ours, should this be interrupted.
  ours.sort((one, other) => Number(one === STATE) - Number(other === STATE));
  for (const name of ours) rmSync(join(path, name), { recursive: true, force: true });
  if (ours.length > 0 && entries(path).length === 0) rmdirSync(path);
  return ours.length > 0;
}

/** Was anything ever started here? A folder `cloud` alone may be anybody's. */
const isUsed = (path: string) => entries(path).some((name) => name === STATE || isOwnerFile(name));
