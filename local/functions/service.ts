import type { Operation } from '../api.ts';
import { notFound } from '../errors.ts';
import type { Region } from '../region.ts';
import { applicationOperations } from './applications.ts';
import { DetachedQueue } from './detached.ts';
import { functionOperations } from './functions.ts';
import { createInvoker, functionAccess, invokeOperation } from './invoke.ts';
import { readLog } from './logs.ts';
import type { Application, FunctionRecord } from './records.ts';

/** The version that the SDK of TypeScript speaks, and the one that the CLI does since 2026. */
const API_VERSIONS = ['20181201', '20260325'];

export function functions(region: Region): Operation[] {
  const applications = region.table<Application>('applications');
  const functions = region.table<FunctionRecord>('functions');
  const invoker = createInvoker(region, applications, functions);
  const queue = new DetachedQueue(region, invoker);
  region.functions = functionAccess(invoker, queue);
  return [
    ...API_VERSIONS.flatMap((apiVersion) => [
      ...applicationOperations(applications, functions, apiVersion),
      ...functionOperations(applications, functions, apiVersion),
      invokeOperation(invoker, queue, apiVersion),
    ]),
    {
      name: 'LocalListFunctionLogs',
      method: 'GET',
      path: '/_local/functions/{functionId}/logs',
      unsigned: true,
      handle(call) {
        const record = functions.get(call.params.functionId ?? '');
        if (!record) throw notFound(`function ${call.params.functionId}`);
        return { body: { items: readLog(region, record.id, record.displayName) } };
      },
    },
  ];
}
