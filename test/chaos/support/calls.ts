import type { Deployed } from '../../support/deployment.ts';

/** One call that a function made. */
export interface ObservedCall {
  readonly functionName: string;
  readonly operation: string;
}

/** Notes every call that functions make, in order, until it is told to stop. */
export function observeCalls({ cloud, deployment }: Deployed): {
  calls: readonly ObservedCall[];
  stop(): void;
} {
  const calls: ObservedCall[] = [];
  const names = new Map(Object.entries(deployment.functionIds).map(([name, id]) => [id, name]));
  const { runtime } = cloud;
  const original = runtime.onOutgoingCall.bind(runtime);
  runtime.onOutgoingCall = (principal, operation, when) => {
    if (principal.kind === 'resource' && when === 'before')
      calls.push({ functionName: names.get(principal.id) ?? '', operation });
    original(principal, operation, when);
  };
  return {
    calls,
    stop() {
      runtime.onOutgoingCall = original;
    },
  };
}
