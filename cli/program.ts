import { Command } from 'commander';
import manifest from '../package.json' with { type: 'json' };
import { registerCompletion } from './commands/completion.ts';
import { registerConfig } from './commands/config.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDrop } from './commands/drop.ts';
import { registerInspect } from './commands/inspect.ts';
import { registerLocal } from './commands/local.ts';
import { registerReplicate, registerShare } from './commands/replicate.ts';
import { registerRules } from './commands/rules.ts';
import { registerRuns } from './commands/runs.ts';
import type { Context } from './context.ts';
import { HELP, refuseHelpOfUnknown, withoutHelpCommand } from './help.ts';
import { checkNodeVersion } from './node-version.ts';
import { addExamples, addGlobalOptions } from './options.ts';
import { EXIT, type ExitCode, reportError } from './report-error.ts';
import type { Io } from './terminal.ts';

/**
 * Runs the `byoi` command.
 *
 * @param argv arguments, without Node's path and the script's
 * @returns the exit status: 0 done, 1 an error, 2 refused, or the arguments were wrong; 3 not running
 */
export async function runProgram(argv: readonly string[], io: Io): Promise<ExitCode> {
  let status: ExitCode = EXIT.ok;
  const program = buildProgram(io, {
    action(command, load) {
      command.action(async (...received) => {
        // commander hands over the operands (a list for `path...`), then the options and the command.
        const operands = received
          .slice(0, -2)
          .flat()
          .filter((value) => value !== undefined);
        status = await (await load())(io, command.optsWithGlobals(), ...operands);
      });
    },
  });
  try {
    checkNodeVersion(process.versions.node);
    await program.parseAsync(withoutHelpCommand(argv), { from: 'user' });
    return status;
  } catch (error) {
    return reportError(error, io.err, program.opts().debug === true);
  }
}

/** The command with all its subcommands, a file of `commands/` each. */
export function buildProgram(io: Io, context: Context): Command {
  const program = new Command('byoi')
    .description(manifest.description)
    .version(manifest.version, '-V, --version', 'print the version')
    .configureHelp(HELP)
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command...]', 'show the help of a command')
    // Errors are printed in one place, report-error.ts.
    .configureOutput({ writeOut: io.out.write, writeErr: io.err.write, outputError: () => {} });
  addGlobalOptions(program);
  addExamples(program, [
    'byoi drop disk.qcow2',
    'byoi inspect disk.qcow2',
    'byoi replicate ocid1.image.oc1.iad.aaaa --to us-phoenix-1',
    'byoi runs watch',
    'byoi runs list --all --output json --profile ADMIN',
  ]);
  registerDrop(program, context);
  registerInspect(program, context);
  registerReplicate(program, context);
  registerShare(program, context);
  registerRuns(program, context);
  registerRules(program, context);
  registerDoctor(program, context);
  registerConfig(program, context);
  registerLocal(program, context);
  registerCompletion(program, context);
  for (const command of commandsOf(program)) {
    command.exitOverride((error) => {
      throw Object.assign(error, { command });
    });
    if (command.commands.length > 0) refuseHelpOfUnknown(command);
  }
  return program;
}

const commandsOf = (command: Command): Command[] => [command, ...command.commands.flatMap(commandsOf)];
