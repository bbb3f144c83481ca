import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every document of the project, README.md first. */
export const DOCUMENTS = ['.', 'docs', 'docs/decisions'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md'))
    .sort((one, other) => Number(other === 'README.md') - Number(one === 'README.md'))
    .map((name) => join(folder, name)),
);

/** What a document tells its reader to type: the lines of its blocks, and its code in the text. */
export function commandsOf(path: string): string[] {
  const { blocks, inline } = codeOf(path);
  return [...blocks, ...inline];
}

/** The same, apart: a line of a block is to be typed, code in the text may be a mere name. */
export function codeOf(path: string): { readonly blocks: string[]; readonly inline: string[] } {
  const text = readFileSync(path, 'utf8');
  const blocks = text.match(/(?<=^```sh\n)[\s\S]*?(?=^```$)/gm) ?? [];
  const withoutBlocks = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const inline = Array.from(withoutBlocks.matchAll(/`([^`]+)`/g), ([, code = '']) => code);
  return {
    blocks: blocks.flatMap((block) => block.split('\n')).map((line) => line.trim()),
    // Text is wrapped, within code as well.
    inline: inline.map((line) => line.replaceAll(/\s+/g, ' ').trim()),
  };
}

/** Every command of npm in the documents and beside the deployment's files, each once: `BYOI_GUESTS=always npm run test:boot`. */
export function npmCommands(): string[] {
  const deployment = readdirSync('deploy', { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const commands = [...DOCUMENTS, ...deployment]
    .flatMap(commandsOf)
    .flatMap((line) => line.split(/ && | \| |; | # /))
    .map((command) => command.trim())
    .filter((command) => /^(\w+=\S* )*npm \S/.test(command));
  return [...new Set(commands)].sort();
}
