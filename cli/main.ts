import { runProgram } from './program.ts';
import { terminalOf } from './terminal.ts';

// The reader of a pipe may leave early (`byoi runs list | head`): that is its right, and no error of ours. Who has
// something to clean up listens for SIGTERM; every further line is an EPIPE too, and must not cut that short.
let readerLeft = false;
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    if (!readerLeft && !process.emit('SIGTERM')) process.exit();
    readerLeft = true;
  });
}

process.exitCode = await runProgram(process.argv.slice(2), {
  out: terminalOf(process.stdout, process.env),
  err: terminalOf(process.stderr, process.env),
});
