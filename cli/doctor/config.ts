import type { Deadline } from '../../shared/deadline.ts';
import type { Clients } from '../../shared/oci/clients.ts';
import { type LedgerAddress, openDocuments } from '../../shared/oci/documents.ts';
import { ConfigError } from '../../shared/runtime/config.ts';
import { type Deployment, deploymentOn } from '../../shared/runtime/deployment.ts';
import type { Log } from '../../shared/runtime/log.ts';
import { checkValue } from '../handlers/config-check.ts';
import { type Check, type Finding, oci, ok } from './finding.ts';
import { HiddenError } from './run-checks.ts';

const NAME = 'config.json';

/** What everything else rests on. @param opened is given the deployment where it is valid */
export const configCheck = (
  clients: Clients,
  ledger: LedgerAddress,
  deadline: Deadline,
  log: Log,
  opened: (deployment: Deployment) => void,
): Check => ({
  name: NAME,
  right: `read objects in compartment <of the bucket> where target.bucket.name = '${ledger.bucket}'`,
  async run() {
    const problems = await problemsOf(clients, ledger);
    try {
      opened(await deploymentOn(clients, ledger, deadline, log));
    } catch (error) {
      // Told already. Where the functions would take it all the same, the rest is looked at, too.
      if (problems.length === 0 || !(error instanceof ConfigError)) throw error;
    }
    if (problems.length > 0) return problems.map((sentence) => invalid(sentence, ledger));
    return [ok(`valid, in the bucket ${ledger.bucket} in ${ledger.region}`)];
  },
});

const invalid = (sentence: string, { region, namespace, bucket }: LedgerAddress): Finding => ({
  level: 'problem',
  code: 'CONFIG_INVALID',
  sentence,
  remedy: `Correct it after docs/configuration.md, and put it there: ${oci('os', 'object', 'put', '--region', region, '-ns', namespace, '-bn', bucket, '--file', NAME, '--force')}`,
});

async function problemsOf(clients: Clients, ledger: LedgerAddress): Promise<readonly string[]> {
  const documents = openDocuments(clients, ledger);
  try {
    const stored = await documents.read<unknown>(NAME);
    if (stored) return checkValue(stored.value, ledger).problems;
  } catch (error) {
    if (error instanceof SyntaxError) return [`It is no valid JSON: ${error.message}`];
    throw error;
  }
  for await (const { name } of documents.list(NAME))
    if (name === NAME)
      throw new HiddenError(`config.json is listed in ${ledger.bucket}, and cannot be read.`);
  return [`There is no config.json in the bucket ${ledger.bucket}.`];
}
