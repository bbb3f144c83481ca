import { readdirSync, readFileSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };

/** A command of npm, as .ci/run or a document has it: its variables, its script, what that is given. */
interface Command {
  readonly variables: string;
  readonly script: string;
  readonly given: string;
}

function parse(line: string): Command {
  const [, variables = '', script = '', given = ''] =
    /^((?:\w+=\S* )*)npm (?:run )?(\S+)(?: -- (.*))?/.exec(line) ?? [];
  return { variables, script, given };
}

/** What .ci/run types of npm. */
export const CI_COMMANDS: readonly Command[] = Array.from(
  readFileSync('.ci/run', 'utf8').matchAll(/^((?:\w+=\S+ )*)(?:suite|step npm(?: run)?) (\S+)/gm),
  ([, variables = '', script = '']) => ({ variables, script, given: '' }),
);

/**
 * Whether .ci/run types the command, or all that its script is made of: `npm run check` is lint, types and test. A suite may
 * be narrower there, to the guests that CI has time for; in a document, to a file that it has.
 */
export function isTypedByCi(line: string): boolean {
  const { variables, script, given } = parse(line);
  const typed = CI_COMMANDS.find((command) => command.script === script);
  if (typed) {
    const hasFile = () => readdirSync(`test/${script.split(':')[1]}`).some((file) => file.startsWith(given));
    return (variables === '' || variables === typed.variables) && (given === '' || hasFile());
  }
  const parts = new Map(Object.entries(manifest.scripts)).get(script)?.split(' && ') ?? [''];
  return parts.every((part) => part.startsWith('npm ') && isTypedByCi(part));
}
