import { explain, type Mismatch, parseCondition } from '../../events/condition.ts';
import { type DeclaredRule, declaredRules } from '../../events/rules.ts';
import type { TriggerScope } from '../../shared/events/trigger.ts';
import { ruleCompartments, scopeOf } from '../deployed-rules.ts';
import { openDeployment } from '../deployment.ts';
import { EventInvalidError } from '../errors.ts';
import type { GlobalOptions, LedgerOptions } from '../options.ts';
import { json, type Paint, painter, printable } from '../output.ts';
import { readText } from '../read-text.ts';
import { valueText } from '../render-rules.ts';
import { EXIT, type ExitCode } from '../report-error.ts';
import type { Io } from '../terminal.ts';

export interface TestOptions extends GlobalOptions, LedgerOptions {
  readonly dropBucket?: readonly string[];
  readonly exportBucket?: readonly string[];
  readonly destinationBucket?: readonly string[];
}

/** Whatever its name: what stands for buckets that nobody named. */
const ANY_BUCKET: TriggerScope = { drop: ['*'], export: ['*'], destination: ['*'] };

interface Outcome extends DeclaredRule {
  readonly mismatches: readonly Mismatch[];
}

export async function testRules(io: Io, options: TestOptions, path: string): Promise<ExitCode> {
  const event = await readEvent(path);
  const outcomes = declaredRules(await scope(io, options, event)).map(
    (rule): Outcome => ({ ...rule, mismatches: explain(parseCondition(rule.condition), event) }),
  );
  io.out.write(
    options.output === 'json' ? json(outcomes.map(outcomeJson)) : render(outcomes, painter(io.out)),
  );
  return outcomes.some(({ mismatches }) => mismatches.length === 0) ? EXIT.ok : EXIT.refused;
}

/** The buckets that were named; else the deployment's; where neither is known, any. */
async function scope(io: Io, options: TestOptions, event: object): Promise<TriggerScope> {
  const { dropBucket, exportBucket, destinationBucket, ledgerBucket } = options;
  if (dropBucket ?? exportBucket ?? destinationBucket) {
    return { drop: dropBucket ?? [], export: exportBucket ?? [], destination: destinationBucket ?? [] };
  }
  if (!ledgerBucket) {
    io.err.write(
      'Any bucket is taken for a drop, export and destination bucket: name a ledger, or the buckets.\n',
    );
    return ANY_BUCKET;
  }
  const { deployment } = await openDeployment(io, options);
  const { config, ledger } = deployment;
  const ids = new Set(Object.values(await ruleCompartments(deployment, options.compartmentId)).flat());
  const found = compartmentOf(event);
  if (found !== undefined && !ids.has(found)) {
    const where = [...ids].join(' and ');
    io.err.write(
      `The event is of ${printable(found)}: the rules in ${where} see it only if that lies below it.\n`,
    );
  }
  return scopeOf(config, ledger);
}

function compartmentOf(event: { extensions?: unknown }): string | undefined {
  const { compartmentId } = (event.extensions ?? {}) as { compartmentId?: unknown };
  return typeof compartmentId === 'string' ? compartmentId : undefined;
}

/** @param path of a file, or `-` for the standard input */
async function readEvent(path: string): Promise<object> {
  const name = path === '-' ? 'The standard input' : path;
  const content = await readText(path);
  let event: unknown;
  try {
    event = JSON.parse(content);
  } catch (error) {
    throw new EventInvalidError(name, (error as Error).message);
  }
  if (typeof event !== 'object' || event === null || !('eventType' in event))
    throw new EventInvalidError(name, 'it is not an object with an eventType');
  return event;
}

function render(outcomes: readonly Outcome[], paint: Paint): string {
  return outcomes
    .map(({ displayName, functionName, mismatches }) => {
      const title =
        mismatches.length === 0
          ? `${paint('green', 'matches')}  ${displayName}, which starts ${functionName}`
          : `${paint('dim', 'no match')} ${displayName}`;
      return `${[title, ...mismatches.map(renderMismatch)].join('\n')}\n`;
    })
    .join('');
}

const renderMismatch = ({ field, wanted, found }: Mismatch): string =>
  `         ${printable(field)}: wanted ${valueText(wanted)}, found ${valueText(found)}`;

const outcomeJson = ({ displayName, functionName, mismatches }: Outcome) => ({
  rule: displayName,
  function: functionName,
  matches: mismatches.length === 0,
  // Nothing found is no null found.
  mismatches: mismatches.map(({ field, wanted, found }) => ({
    field,
    wanted,
    ...(found !== undefined && { found }),
  })),
});
