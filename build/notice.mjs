import { access, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LEGAL_FILE = /^(licen[cs]e|notice|copying|third_party_licenses)/i;

/** Writes the licences of every package that is in a bundle, as those licences ask for. */
export async function writeNotice(file, metafiles) {
  const folders = new Set(
    metafiles.flatMap(({ inputs }) => Object.keys(inputs).flatMap((path) => packageFolder(path) ?? [])),
  );
  const sections = await Promise.all(Array.from(folders).sort().map(describePackage));
  const intro = 'byoi includes these packages; their licences follow, each text once.\n';
  await writeFile(file, [intro, ...withoutRepetition(sections)].join(`\n${'-'.repeat(80)}\n\n`));
}

/** `node_modules/oci-core/lib/client.js` -> `node_modules/oci-core`; undefined for our own files. */
const packageFolder = (path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];

async function describePackage(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const files = (await readdir(folder)).filter((file) => LEGAL_FILE.test(file)).sort();
  const paths = files.map((file) => join(folder, file));
  // What a package without a file for its licence says of it elsewhere; kept here by its name.
  const kept = fileURLToPath(new URL(`licences/${name.replace('/', '-')}.txt`, import.meta.url));
  if (paths.length === 0 && (await exists(kept))) paths.push(kept);
  const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
  return {
    title: `${name} ${version} (${license ?? 'see the text'})`,
    texts: texts.map((text) => text.trim()),
  };
}

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

function withoutRepetition(sections) {
  const shown = new Map();
  return sections.map(({ title, texts }) => {
    const parts = texts.map((text) => {
      const first = shown.get(text);
      if (first) return `The same text as at ${first}.`;
      shown.set(text, title);
      return text;
    });
    return `${[title, ...parts].join('\n\n')}\n`;
  });
}
