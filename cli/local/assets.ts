import { fileURLToPath } from 'node:url';

/** What the package brings beside the command; `import.meta.url` is that of a chunk in `dist/chunks/`. */
const besideCommand = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));

/** The command itself. */
export const COMMAND = besideCommand('byoi.js');
/** The functions' bundles. */
export const FUNCTIONS_DIR = besideCommand('functions');
/** A small real disk: test/fixtures/make-demo-disk.sh makes it. */
export const DEMO_DISK = besideCommand('demo-disk.qcow2');
