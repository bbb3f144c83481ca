import { type Deadline, earlier } from '../deadline.ts';
import { type Clients, connect } from '../oci/clients.ts';
import { type Documents, type LedgerAddress, openDocuments } from '../oci/documents.ts';
import { openRunStore, type RunStore } from '../oci/run-store.ts';
import type { Policy } from '../run/policy.ts';
import { type Config, ConfigError, checkBuckets, parseConfig, policyOf } from './config.ts';
import type { Environment } from './environment.ts';
import type { Log } from './log.ts';
import { functionSigner } from './signer.ts';

/** What an invocation works with: where the ledger is, what it says, and the way to OCI's services. */
export interface Deployment {
  readonly ledger: LedgerAddress;
  /** For the steps of runs: no call outlives `deadline`. */
  readonly clients: Clients;
  /** For handing over, as for the ledger: calls may take the time that is kept after `deadline`. */
  readonly closingClients: Clients;
  readonly documents: Documents;
  readonly runs: RunStore;
  readonly config: Config;
  readonly policy: Policy;
  /** By when the steps of runs have to end, so that what came of them can be written down and handed over. */
  readonly deadline: Deadline;
  readonly log: Log;
}

/** For a few calls to the ledger and to Functions, tried again if need be; at most a quarter of the whole. */
const CLOSING_MS = 30_000;

/** Reads config.json and connects; a function does so for each invocation, so that a changed file counts at once. */
export async function openDeployment(environment: Environment, end: Deadline, log: Log): Promise<Deployment> {
  const { endpoints, ledger } = environment;
  const signer = await functionSigner();
  const deadline = earlier(end, Math.min(CLOSING_MS, end.remainingMs() / 4));
  const clients = connect(signer, deadline, endpoints);
  return deploymentOn(clients, ledger, deadline, log, connect(signer, end, endpoints));
}

/** @throws {ConfigError} */
export async function deploymentOn(
  clients: Clients,
  ledger: LedgerAddress,
  deadline: Deadline,
  log: Log,
  closingClients = clients,
): Promise<Deployment> {
  const documents = openDocuments(closingClients, ledger);
  const config = await readConfig(documents, ledger);
  const runs = openRunStore(closingClients, ledger);
  const policy = policyOf(config);
  return { ledger, clients, closingClients, documents, runs, config, policy, deadline, log };
}

async function readConfig(documents: Documents, ledger: LedgerAddress): Promise<Config> {
  try {
    const stored = await documents.read('config.json');
    if (stored) {
      const config = parseConfig(stored.value);
      checkBuckets(config, ledger);
      return config;
    }
  } catch (error) {
    if (error instanceof SyntaxError) throw new ConfigError('config.json is not valid JSON.');
    throw error;
  }
  throw new ConfigError(`There is no config.json in the bucket ${ledger.bucket}, or it may not be read.`);
}
