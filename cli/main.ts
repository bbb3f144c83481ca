import { runProgram } from './program.ts';
import { terminalOf } from './terminal.ts';

// The reader of a pipe may leave early (`byoi runs list | head`): that is its right, and no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await runProgram(process.argv.slice(2), {
  out: terminalOf(process.stdout, process.env),
  err: terminalOf(process.stderr, process.env),
});
