import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigFileError, ProfileInvalidError, ProfileNotFoundError } from './errors.ts';

/**
 * One profile of an OCI configuration file
 * (https://docs.oracle.com/iaas/Content/API/Concepts/sdkconfig.htm). Read here and not by the SDK, which
 * prints to standard output as it reads and throws plain strings.
 */
export interface Profile {
  readonly name: string;
  /** Of the configuration file, for messages. */
  readonly path: string;
  /** The entry's value; a profile takes over what it lacks from DEFAULT. */
  get(key: string): string | undefined;
  /** @throws {ProfileInvalidError} where the entry is missing */
  require(key: string): string;
}

const DEFAULT_PROFILE = 'DEFAULT';

/**
 * @throws {ConfigFileError} where the file cannot be read
 * @throws {ProfileNotFoundError}
 */
export function readProfile(path: string, name: string): Profile {
  const profiles = parseProfiles(readConfigFile('OCI configuration', path));
  const entries = profiles.get(name);
  if (!entries) throw new ProfileNotFoundError(name, path, [...profiles.keys()]);
  const get = (key: string) => entries.get(key) ?? profiles.get(DEFAULT_PROFILE)?.get(key);
  return {
    name,
    path,
    get,
    require(key) {
      const value = get(key);
      if (!value) throw new ProfileInvalidError(name, path, `has no entry "${key}"`);
      return value;
    },
  };
}

/** @param what names the file in the error: "API key" */
export function readConfigFile(what: string, path: string): string {
  try {
    return readFileSync(expandHome(path), 'utf8');
  } catch (error) {
    throw new ConfigFileError(what, path, error);
  }
}

function expandHome(path: string): string {
  return /^~[/\\]/.test(path) ? join(homedir(), path.slice(2)) : path;
}

function parseProfiles(text: string): Map<string, Map<string, string>> {
  const profiles = new Map<string, Map<string, string>>();
  let entries = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, section] = /^\s*\[(.+)\]\s*$/.exec(line) ?? [];
    if (section !== undefined) {
      entries = profiles.get(section.trim()) ?? new Map();
      profiles.set(section.trim(), entries);
    }
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (section === undefined && key !== undefined && value !== undefined) entries.set(key, value);
  }
  return profiles;
}
