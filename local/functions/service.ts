import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { applicationOperations } from './applications.ts';
import { DetachedQueue } from './detached.ts';
import { functionOperations } from './functions.ts';
import { createInvoker, functionAccess, invokeOperation } from './invoke.ts';
import type { Application, FunctionRecord } from './records.ts';

export function functions(region: Region): Operation[] {
  const applications = region.table<Application>('applications');
  const functions = region.table<FunctionRecord>('functions');
  const invoker = createInvoker(region, applications, functions);
  const queue = new DetachedQueue(region, invoker);
  region.functions = functionAccess(invoker, queue);
  return [
    ...applicationOperations(applications, functions),
    ...functionOperations(applications, functions),
    invokeOperation(invoker, queue),
  ];
}
