import type { Answer } from '../api.ts';
import { randomName } from '../ids.ts';
import type { Region } from '../region.ts';
import type { Resource } from '../resources.ts';
import type { Table } from '../table.ts';
import type { WorkResource } from '../work.ts';

const VERBS = { CREATING: 'Create', UPDATING: 'Update', DELETING: 'Delete' } as const;
const ACTIONS = { CREATING: 'CREATED', UPDATING: 'UPDATED', DELETING: 'DELETED' } as const;

/**
 * Changes a resource as Logging does: it is shown in its new form at once, with the state that says so; a work request's
 * end settles it.
 */
export type Change<T> = (record: T, state: keyof typeof VERBS) => Answer;

type Changeable = Resource & { readonly isEnabled?: boolean; readonly timeLastModified: string };

/** @param kind the name of operations: `CreateLog`, `UpdateLog`, … */
export function changesOf<T extends Changeable>(
  region: Region,
  kind: 'Log' | 'LogGroup',
  table: Table<T>,
): Change<T> {
  const set = (record: T, lifecycleState: string) => {
    const timeLastModified = region.cloud.clock.now().toISOString();
    table.set(record.id, { ...record, lifecycleState, etag: randomName(40), timeLastModified });
  };
  for (const verb of Object.values(VERBS)) {
    region.work.define(`${verb}${kind}`, async ({ input }, progress) => {
      await progress.beforeEffect();
      const record = table.get(String(input.id));
      if (!record) return;
      if (verb === 'Delete') table.delete(record.id);
      else set(record, record.isEnabled === false ? 'INACTIVE' : 'ACTIVE');
    });
  }
  return (record, state) => {
    set(record, state);
    const { id: identifier, compartmentId } = record;
    const resource: WorkResource = {
      entityType: kind.toLowerCase(),
      actionType: ACTIONS[state],
      identifier,
    };
    const { id } = region.work.start(region.key, {
      service: 'logging',
      operation: `${VERBS[state]}${kind}`,
      compartmentId,
      resources: [resource],
      input: { id: identifier },
    });
    return { status: 202, headers: { 'opc-work-request-id': id } };
  };
}
