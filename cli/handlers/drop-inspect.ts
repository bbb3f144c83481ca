import { openFile } from '../../shared/bytes/file.ts';
import { inspect } from '../../shared/inspect.ts';
import { rejections, type Verdict } from '../../shared/launch/verdict.ts';
import type { Deployment } from '../../shared/runtime/deployment.ts';
import { RefusedError } from '../errors.ts';
import { json, painter, printable } from '../output.ts';
import { renderProblems, summarizeVerdict } from '../render-verdict.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';
import { partBytesOf } from '../upload/parts.ts';
import type { DropOptions } from './drop.ts';
import { type Drop, linesOf } from './drop-upload.ts';

/** Reads every image as the function will. @returns the exit status where one would be refused, or held unasked */
export async function inspectDrops(
  io: Io,
  { config }: Deployment,
  options: DropOptions,
  drops: readonly Drop[],
): Promise<ExitCode | undefined> {
  const out = linesOf(io, options);
  const paint = painter(out);
  const read: { file: string; object: string; verdict: Verdict }[] = [];
  let held: Verdict['licensedSystem'] = null;
  for (const { file, address, metadata } of drops) {
    partBytesOf(file.size);
    const source = await openFile(file.path);
    const verdict = await inspect(source, { name: address.object, metadata }).finally(() => source.close());
    read.push({ file: file.path, object: address.object, verdict });
    const title = paint('bold', printable(file.path));
    if (rejections(verdict).length > 0) {
      out.write(`${title}  ${paint('red', 'refused')}\n${renderProblems(verdict, paint)}`);
      continue;
    }
    out.write(`${title}  ${summarizeVerdict(verdict)}\n`);
    for (const { code, sentence } of verdict.problems)
      out.write(`  ${paint('yellow', 'warning')} ${code}: ${printable(sentence)}\n`);
    const { licensedSystem } = verdict;
    if (licensedSystem && !options.license && !config.licenses[licensedSystem]) held ??= licensedSystem;
  }
  if (read.some(({ verdict }) => rejections(verdict).length > 0)) {
    if (options.output === 'json') io.out.write(json(read));
    io.err.write('Nothing was uploaded.\n');
    return EXIT.refused;
  }
  if (held && !options.hold) {
    throw new RefusedError(
      'LICENSE_NOT_ATTESTED',
      `The image is of a system that needs a licence of its own (${held}); its run would be held. Nothing was uploaded.`,
      "Say under whose licence it may be used, with --license 'whose licence, and which'; or upload it with --hold, and attest later.",
    );
  }
  return undefined;
}
