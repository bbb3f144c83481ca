import { execFileSync } from 'node:child_process';

/** Debian keeps some of these where only root looks. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;

/**
 * Runs someone else's program and gives its standard output.
 *
 * @param debianPackage where it comes from: a judge that is missing fails the test with the line to install it
 * @param input for its standard input
 */
export function run(debianPackage: string, [program = '', ...args]: string[], input = ''): string {
  try {
    return execFileSync(program, args, {
      input,
      encoding: 'utf8',
      env: { ...process.env, PATH, LC_ALL: 'C' },
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(`${program} is missing: apt-get install ${debianPackage}`);
    }
    throw error;
  }
}

/** This process's, as a person has it at a prompt: with nothing of the npm and the Vitest that run these tests. */
export const PERSONS_ENVIRONMENT: Readonly<NodeJS.ProcessEnv> = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(npm_|INIT_CWD|NODE_OPTIONS|NODE_PATH|NODE_ENV|VITEST|XDG_|BYOI_|OCI_)/i.test(name),
  ),
);
