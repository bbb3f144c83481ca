import { NO_DEADLINE } from '../shared/deadline.ts';
import { type Deployment, deploymentOn } from '../shared/runtime/deployment.ts';
import { createLog } from '../shared/runtime/log.ts';
import { type Connection, ledgerOf, openConnection } from './connection.ts';
import type { GlobalOptions, LedgerOptions } from './options.ts';
import { printable } from './output.ts';
import type { Io } from './terminal.ts';

/** The deployment that a command works on, with the caller's own rights, and without a deadline. */
export async function openDeployment(
  io: Io,
  options: GlobalOptions & LedgerOptions,
): Promise<{ connection: Connection; deployment: Deployment }> {
  const connection = await openConnection(options);
  const log = createLog({}, (line) => options.debug && io.err.write(`${printable(line)}\n`));
  const ledger = await ledgerOf(connection, options);
  return { connection, deployment: await deploymentOn(connection.clients, ledger, NO_DEADLINE, log) };
}
