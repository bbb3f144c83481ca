import { defineFunction } from '../../shared/runtime/define-function.ts';
import { trigger } from './trigger.ts';

defineFunction({
  trigger,
  load: async () => (await import('./handler.ts')).copyImage,
  loadSelfCheck: async () => (await import('../../shared/drive/self-check.ts')).selfCheck,
});
