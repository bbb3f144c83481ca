import { terraformRules } from '../../events/terraform.ts';
import type { GlobalOptions } from '../options.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

/** What is declared, for the stack: needs neither a tenancy nor a configuration. */
export async function exportRules(io: Io, _options: GlobalOptions): Promise<ExitCode> {
  io.out.write(terraformRules());
  return EXIT.ok;
}
