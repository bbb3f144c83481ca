import { execFileSync } from 'node:child_process';

/** The end-to-end tests run the functions as they are deployed: built. */
export default function build(): void {
  execFileSync(process.execPath, ['build.mjs', '--quiet'], { stdio: 'inherit' });
}
