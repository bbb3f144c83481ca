import type { Cloud } from '../cloud.ts';
import type { Principal } from '../identity/principals.ts';

export class FunctionRuntime {
  constructor(_cloud: Cloud, _options: { functionsDir: string | undefined; poolSize: number }) {}
  onOutgoingCall(_principal: Principal, _operation: string, _when: 'before' | 'after'): void {}
  async stop(): Promise<void> {}
}
