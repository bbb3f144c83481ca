import { type Destinations, distinctDestinations, planBranches } from '../../shared/drive/plan.ts';
import { type LedgerAddress, openDocuments } from '../../shared/oci/documents.ts';
import {
  bucketProblems,
  ConfigError,
  checkSchema,
  configSchema,
  schemaProblems,
} from '../../shared/runtime/config.ts';
import { ledgerOf, openConnection } from '../connection.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, painter, printable } from '../output.ts';
import { readText } from '../read-text.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

type Options = GlobalOptions & LedgerOptions;

/** What is wrong with a config.json, and which keys it leaves at their defaults. */
export interface Checked {
  readonly problems: readonly string[];
  readonly defaults: readonly string[];
}

export async function checkConfig(io: Io, options: Options, file?: string): Promise<ExitCode> {
  const { name, read, ledger } = await (file === undefined ? ownConfig(options) : fileConfig(options, file));
  const { problems, defaults } = await checkText(read, ledger);
  const valid = problems.length === 0;
  if (options.output === 'json') {
    io.out.write(json({ valid, problems, defaults }));
  } else {
    const paint = painter(io.out);
    const outcome = valid ? paint('green', 'valid') : paint('red', 'not valid');
    io.out.write(`${paint('bold', printable(name))}  ${outcome}\n`);
    for (const problem of problems) io.out.write(`  ${printable(problem)}\n`);
    if (valid && defaults.length > 0) io.out.write(`  left at their defaults: ${defaults.join(', ')}\n`);
  }
  return valid ? EXIT.ok : EXIT.refused;
}

interface Found {
  /** For a person. */
  readonly name: string;
  /** @throws {SyntaxError} where it is no JSON */
  read(): Promise<unknown>;
  readonly ledger: LedgerAddress;
}

async function ownConfig(options: Options): Promise<Found> {
  const connection = await openConnection(options);
  const ledger = await ledgerOf(connection, options);
  return {
    name: `config.json in ${ledger.bucket}`,
    ledger,
    async read() {
      const stored = await openDocuments(connection.clients, ledger).read('config.json');
      if (stored) return stored.value;
      throw new ConfigError(`There is no config.json in the bucket ${ledger.bucket}, or it may not be read.`);
    },
  };
}

/** Before a deployment there is no ledger to ask: what the options do not say of it is not compared. */
async function fileConfig(options: Options, file: string): Promise<Found> {
  const content = await readText(file);
  return {
    name: file === '-' ? 'standard input' : file,
    ledger: {
      region: options.ledgerRegion ?? options.region ?? 'the hub region',
      namespace: options.ledgerNamespace ?? '',
      bucket: options.ledgerBucket ?? '',
    },
    read: async () => JSON.parse(content),
  };
}

async function checkText(read: Found['read'], ledger: LedgerAddress): Promise<Checked> {
  let value: unknown;
  try {
    value = await read();
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { problems: [`It is not valid JSON: ${error.message}`], defaults: [] };
  }
  return checkValue(value, ledger);
}

/** By the schema, and where that is content, by the rules between keys. */
export function checkValue(value: unknown, ledger: LedgerAddress): Checked {
  const parsed = checkSchema(value);
  if (!parsed.success) return { problems: schemaProblems(parsed.error), defaults: [] };
  const { data: config } = parsed;
  const given = Object.keys(value as object);
  return {
    problems: [...bucketProblems(config, ledger), ...unknownDestinations({ config, ledger })],
    defaults: Object.keys(configSchema.shape).filter((key) => !given.includes(key)),
  };
}

/** What a run would be told only when it wants to go there. */
function unknownDestinations(deployment: Destinations): string[] {
  const { config, ledger } = deployment;
  const task = { runId: '', displayName: '', objectName: '', strategy: config.strategy };
  return (['replicateDropsTo', 'replicateExportsTo'] as const).flatMap((key) => {
    const others = distinctDestinations(deployment, config[key] ?? []).filter((id) => id !== ledger.region);
    return planBranches(deployment, others, task).flatMap(({ failure }) =>
      failure ? [`${key}: ${failure.sentence}`] : [],
    );
  });
}
