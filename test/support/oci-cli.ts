import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Cloud } from '../../local/cloud.ts';

const runFile = promisify(execFile);

/** What the CLI prints: the answer's body, and headers of it where it has no body. */
export interface CliAnswer<T> {
  readonly data: T;
  readonly etag: string;
  readonly prefixes?: readonly string[];
  readonly 'opc-multipart-md5': string;
  readonly 'opc-work-request-id': string;
}

type OciCli = <T = object>(args: readonly string[], regionName?: string) => Promise<CliAnswer<T>>;

/**
 * The real OCI CLI on a cloud, signing as its administrator.
 *
 * @returns runs one command in a region (the home region unless told) and gives its JSON
 */
export function ociCli(cloud: Cloud): OciCli {
  const program = findOciCli();
  return async (args, regionName = cloud.homeRegion.name) => {
    const endpoint = cloud.region(regionName)?.endpoint ?? '';
    const common = ['--config-file', cloud.configFile, '--endpoint', endpoint, '--region', regionName];
    const { stdout } = await runFile(program, [...args, ...common], {
      env: {
        ...process.env,
        OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING: 'True',
        SUPPRESS_LABEL_WARNING: 'True',
      },
      maxBuffer: 64 * 1024 * 1024,
    });
    return JSON.parse(stdout.trim() === '' ? '{}' : stdout);
  };
}

/** The Python that has the SDK of Python: the one the CLI, which stands on it, is installed for. */
export function sdkPython(): string {
  return join(dirname(realpathSync(findOciCli())), 'python3');
}

export function findOciCli(): string {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = [
    process.env.BYOI_OCI_CLI,
    ...folders.map((folder) => join(folder, 'oci')),
    '.byoi/judges/bin/oci',
  ];
  const found = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
  if (found) return found;
  throw new Error('The OCI CLI is missing: test/judges/install.sh, or set BYOI_OCI_CLI.');
}
