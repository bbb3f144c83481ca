import { shellWord } from '../../shared/shell-word.ts';
import { administratorConfig, dataFolder } from '../local/data-folder.ts';
import { runningService } from '../local/service.ts';
import type { GlobalOptions } from '../options.ts';
import { json } from '../output.ts';
import type { LocalOptions } from '../render-local.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

/**
 * Prints what points byoi and the OCI CLI at the embedded OCI: `export NAME=VALUE`, which bash and zsh know, and which fish
 * has a function for. The CLI takes one endpoint, whatever the region: the hub's.
 */
export async function printEnvironment(io: Io, options: GlobalOptions & LocalOptions): Promise<ExitCode> {
  const folder = dataFolder(options.dataDir);
  const { endpoints, deployment } = await runningService(folder);
  const { region, namespace, bucket } = deployment.ledger;
  const variables: Record<string, string> = {
    OCI_CLI_CONFIG_FILE: administratorConfig(folder),
    // What the shell has of a tenancy must not get in between.
    OCI_CLI_PROFILE: 'DEFAULT',
    OCI_CLI_AUTH: 'api_key',
    OCI_CLI_REGION: region,
    OCI_CLI_ENDPOINT: endpoints[region] ?? '',
    SUPPRESS_LABEL_WARNING: 'True',
    BYOI_ENDPOINTS: JSON.stringify(endpoints),
    BYOI_LEDGER_REGION: region,
    BYOI_LEDGER_NAMESPACE: namespace,
    BYOI_LEDGER_BUCKET: bucket,
  };
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellWord(value)}\n`);
  io.out.write(options.output === 'json' ? json(variables) : lines.join(''));
  return EXIT.ok;
}
