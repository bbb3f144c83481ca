import { type Command, InvalidArgumentError, Option } from 'commander';

/** As the OCI CLI names them. */
export const AUTH_MODES = ['api_key', 'security_token', 'instance_principal', 'resource_principal'] as const;
export type AuthMode = (typeof AUTH_MODES)[number];

/** Options that every command takes, before or after its name. */
export interface GlobalOptions {
  readonly profile: string;
  readonly configFile: string;
  readonly auth: AuthMode;
  readonly region?: string;
  readonly compartmentId?: string;
  /** Where all services of `region` are, in place of OCI's own endpoints. */
  readonly endpoint?: string;
  readonly output: 'table' | 'json';
  readonly debug: boolean;
}

/** Where the runs are recorded. */
export interface LedgerOptions {
  readonly ledgerBucket?: string;
  /** Without it, the tenancy's own. */
  readonly ledgerNamespace?: string;
  /** Without it, the region of the call. */
  readonly ledgerRegion?: string;
}

/** Names, defaults and variables are the OCI CLI's, so that what works there works here. */
export function addGlobalOptions(program: Command): void {
  program.addOption(
    new Option('--profile <name>', 'profile of the OCI configuration')
      .env('OCI_CLI_PROFILE')
      .default('DEFAULT'),
  );
  program.addOption(
    new Option('--config-file <path>', 'OCI configuration')
      .env('OCI_CLI_CONFIG_FILE')
      .default('~/.oci/config'),
  );
  program.addOption(
    new Option('--auth <mode>', 'how to authenticate')
      .env('OCI_CLI_AUTH')
      .choices(AUTH_MODES)
      .default('api_key'),
  );
  program.addOption(
    new Option('--region <name>', 'region to work in')
      .env('OCI_CLI_REGION')
      .default(undefined, "the profile's"),
  );
  program.addOption(
    new Option(
      '-c, --compartment-id <ocid>',
      'compartment of the rules and of what the doctor looks at',
    ).argParser(compartment),
  );
  program.addOption(
    new Option(
      '--endpoint <url>',
      "where the region's services are, for an embedded OCI; for several regions set BYOI_ENDPOINTS to JSON, region to URL",
    ),
  );
  program.addOption(
    new Option('--output <format>', 'how to print results').choices(['table', 'json']).default('table'),
  );
  program.addOption(new Option('--debug', 'print the stack of an error').default(false));
}

/** For commands that read or change runs, and their subcommands. */
export function addLedgerOptions(command: Command): void {
  command.addOption(
    new Option('--ledger-bucket <name>', 'bucket that records the runs').env('BYOI_LEDGER_BUCKET'),
  );
  command.addOption(
    new Option('--ledger-namespace <name>', 'its namespace')
      .env('BYOI_LEDGER_NAMESPACE')
      .default(undefined, "the tenancy's"),
  );
  command.addOption(
    new Option('--ledger-region <name>', 'its region')
      .env('BYOI_LEDGER_REGION')
      .default(undefined, 'that of --region'),
  );
}

/** Shows how the command is called; each has at least one example. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}

function compartment(text: string): string {
  if (/^ocid1\.(compartment|tenancy)\.[\w.-]+$/.test(text)) return text;
  throw new InvalidArgumentError('It must be the OCID of a compartment.');
}
