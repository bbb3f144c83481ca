import fdk, { type Context } from '@fnproject/fdk';
import { type Deadline, deadlineAt } from '../deadline.ts';
import { ByoiError } from '../errors.ts';
import { type OciEvent, parseEvent } from '../events/envelope.ts';
import type { Trigger } from '../events/trigger.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { createLog, type Log } from './log.ts';

/** What a handler is given: an event of its trigger, or the payload of somebody who invoked the function. */
export interface Invocation {
  readonly event: OciEvent | null;
  /** The `{"byoi": …}` payload of a direct invocation; null for an event. */
  readonly payload: Readonly<Record<string, unknown>> | null;
  readonly environment: Environment;
  readonly deadline: Deadline;
  readonly callId: string;
  readonly log: Log;
}

export type Handler = (invocation: Invocation) => Promise<object>;

export interface FunctionDefinition {
  readonly trigger: Trigger;
  /** Loads the handler, and with it the SDK: only for what the function is there for. */
  readonly load: () => Promise<Handler>;
  /** Likewise what `{"byoi": "self-check"}` asks for: tries what the function may do. */
  readonly loadSelfCheck: () => Promise<Handler>;
}

/** Without a deadline from the service: the default timeout of OCI Functions. */
const DEFAULT_TIMEOUT_MS = 30_000;

/**
 * Serves a function: what it cannot use is ignored with a 200, so that Events does not send it again; what fails is
 * thrown, so that it does. Without its configuration the function does not start, and its log names the key.
 */
export function defineFunction(definition: FunctionDefinition): void {
  const environment = startUp();
  fdk.handle((input, context) => invoke(definition, environment, input, context), { inputMode: 'buffer' });
}

function startUp(): Environment {
  try {
    return readEnvironment(process.env);
  } catch (error) {
    createLog({}).error(
      String(error),
      error instanceof ByoiError ? { code: error.code, remedy: error.remedy } : {},
    );
    process.exit(1);
  }
}

async function invoke(
  definition: FunctionDefinition,
  environment: Environment,
  input: Buffer,
  context: Context,
): Promise<object> {
  const log = createLog({ function: environment.functionName, call: context.callID });
  const message = parseJson(input);
  const event = parseEvent(message) ?? null;
  const payload = event ? null : directPayload(message);
  const wanted =
    payload !== null ||
    (event !== null && definition.trigger.some(({ eventTypes }) => eventTypes.includes(event.eventType)));
  if (!wanted)
    return { ignored: event ? `event type ${event.eventType}` : 'neither an event nor a payload of byoi' };
  const end = context.deadline ?? new Date(Date.now() + DEFAULT_TIMEOUT_MS);
  try {
    const handler = await (payload?.byoi === 'self-check' ? definition.loadSelfCheck() : definition.load());
    return await handler({
      event,
      payload,
      environment,
      deadline: deadlineAt(end),
      callId: context.callID,
      log,
    });
  } catch (error) {
    const known = error instanceof ByoiError ? { code: error.code, remedy: error.remedy } : {};
    log.error(error instanceof Error ? error.message : String(error), known);
    throw error;
  }
}

function parseJson(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return undefined;
  }
}

function directPayload(message: unknown): Record<string, unknown> | null {
  const isPayload = typeof message === 'object' && message !== null && 'byoi' in message;
  return isPayload ? { ...message } : null;
}
