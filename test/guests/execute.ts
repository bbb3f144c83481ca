import { spawn } from 'node:child_process';

/** Debian keeps some of these where only root looks. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/**
 * Runs a program to its end; what it prints is thrown away unless it fails.
 *
 * @throws with the program's output when its status is not 0
 */
export function execute(program: string, ...args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, PATH, LC_ALL: 'C' },
    });
    const output: Buffer[] = [];
    child.stdout.on('data', (bytes: Buffer) => output.push(bytes));
    child.stderr.on('data', (bytes: Buffer) => output.push(bytes));
    child.once('error', (error) =>
      reject(new Error(`${program} cannot be run (test/guests/install.sh installs it): ${error.message}`)),
    );
    child.once('close', (status) => {
      if (status === 0) resolve();
      else reject(new Error(`${[program, ...args].join(' ')}: ${Buffer.concat(output)}`));
    });
  });
}
