import type { Deadline } from '../deadline.ts';
import { ByoiError } from '../errors.ts';
import { type Clients, connect } from '../oci/clients.ts';
import { type Documents, type LedgerAddress, openDocuments } from '../oci/documents.ts';
import { openRunStore, type RunStore } from '../oci/run-store.ts';
import type { Policy } from '../run/policy.ts';
import { type Config, ConfigError, parseConfig, policyOf } from './config.ts';
import type { Environment } from './environment.ts';
import type { Log } from './log.ts';
import { functionSigner } from './signer.ts';

/** What an invocation works with: where the ledger is, what it says, and the way to OCI's services. */
export interface Deployment {
  readonly ledger: LedgerAddress;
  readonly clients: Clients;
  readonly documents: Documents;
  readonly runs: RunStore;
  readonly config: Config;
  readonly policy: Policy;
  readonly deadline: Deadline;
  readonly log: Log;
}

/** Reads config.json and connects; a function does so for each invocation, so that a changed file counts at once. */
export async function openDeployment(
  environment: Environment,
  deadline: Deadline,
  log: Log,
): Promise<Deployment> {
  const clients = connect(await functionSigner(), deadline, environment.endpoints);
  return deploymentOn(clients, environment.ledger, deadline, log);
}

/** @throws {ConfigError} */
export async function deploymentOn(
  clients: Clients,
  ledger: LedgerAddress,
  deadline: Deadline,
  log: Log,
): Promise<Deployment> {
  const documents = openDocuments(clients, ledger);
  const config = await readConfig(documents, ledger);
  const runs = openRunStore(clients, ledger);
  return { ledger, clients, documents, runs, config, policy: policyOf(config), deadline, log };
}

async function readConfig(documents: Documents, ledger: LedgerAddress): Promise<Config> {
  try {
    const stored = await documents.read('config.json');
    if (stored) return parseConfig(stored.value);
  } catch (error) {
    if (error instanceof ByoiError) throw error;
    throw new ConfigError('config.json is not valid JSON.');
  }
  throw new ConfigError(
    `There is no config.json in the bucket ${ledger.bucket} (or the function may not read it).`,
  );
}
