// Builds dist/: the functions' bundles, the `byoi` command and the notice of what they include.
//
//   node build.mjs                       everything
//   node build.mjs --quiet               the same, without a word
//   node build.mjs --run FILE.ts [ARG…]  one script of this repository: Node 20 runs no TypeScript
import { cp, mkdir } from 'node:fs/promises';
import { bundleCommand } from './build/bundle-command.mjs';
import { bundleFunctions } from './build/bundle-functions.mjs';
import { makeCodeCaches } from './build/code-cache.mjs';
import { writeNotice } from './build/notice.mjs';
import { runScript } from './build/run-script.mjs';

const [option, script, ...scriptArguments] = process.argv.slice(2);
if (option === '--run') process.exitCode = await runScript(script, scriptArguments);
else await buildAll(option !== '--quiet');

async function buildAll(talkative) {
  const start = performance.now();
  await mkdir('dist', { recursive: true });
  const metafiles = await Promise.all([bundleCommand('dist'), bundleFunctions('dist/functions')]);
  await cp('test/fixtures/demo-disk.qcow2', 'dist/demo-disk.qcow2');
  await writeNotice('dist/NOTICE', metafiles);
  await makeCodeCaches('dist');
  if (talkative) console.log(`dist/ built in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
