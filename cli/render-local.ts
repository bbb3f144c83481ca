import { shellWord } from '../shared/shell-word.ts';
import type { DataFolder } from './local/data-folder.ts';
import type { Service } from './local/service.ts';
import { type Paint, printable, table } from './output.ts';

/** Of every command of `byoi local` but the demo. */
export interface LocalOptions {
  readonly dataDir?: string;
}

/** A running embedded OCI, for programs. */
export interface DescribedService {
  readonly running: true;
  readonly pid: number;
  readonly since: string;
  readonly endpoints: Readonly<Record<string, string>>;
  readonly compartmentId: string;
  readonly dropBucket: string;
  readonly ledgerBucket: string;
  readonly dataDir: string;
  readonly log: string;
}

export function describe(folder: DataFolder, { owner, endpoints, deployment }: Service): DescribedService {
  return {
    running: true,
    pid: owner.pid,
    since: owner.startedAt,
    endpoints,
    compartmentId: deployment.compartmentId,
    dropBucket: deployment.dropBucket,
    ledgerBucket: deployment.ledger.bucket,
    dataDir: folder.path,
    log: folder.logFile,
  };
}

/** @param more rows at its end */
export function renderService(
  service: DescribedService,
  paint: Paint,
  more: readonly (readonly [string, string])[] = [],
): string {
  const endpoints = Object.entries(service.endpoints);
  return table([
    ['embedded OCI', `${paint('green', 'running')}, process ${service.pid}, since ${service.since}`],
    ...endpoints.map(([region, url]) => [region, url]),
    ['compartment', service.compartmentId],
    ['drop bucket', service.dropBucket],
    ['data', printable(service.dataDir)],
    ['log', printable(service.log)],
    ...more,
  ]);
}

/** Where npm calls it, in a package's folder, npx finds the command and the PATH does not. */
export const commandName = (): string => (process.env.npm_command === undefined ? 'byoi' : 'npx byoi');

/** How this very embedded OCI's variables are had. */
export const environmentCommand = ({ dataDir }: LocalOptions): string =>
  `${commandName()} local env${dataDir === undefined ? '' : ` --data-dir ${shellWord(dataDir)}`}`;
