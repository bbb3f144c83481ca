import type { SourceLoss } from './facts.ts';
import type { Failure, Run } from './run.ts';

/** Was the export lost that a branch was to copy? Then it has to be made anew. */
export const isExportLost = ({ code }: Failure): boolean => code === EXPORT_LOSSES.deleted.code;

/** What it means for a run that its source is not what it was. */
export function lossOf(run: Run, how: SourceLoss): Failure {
  return run.exporting && (how === 'overwritten' || how === 'deleted')
    ? EXPORT_LOSSES[how]
    : SOURCE_LOSSES[how];
}

/** Does the failure mean that the object itself was replaced or taken away by whoever owns it? */
export const isSuperseding = ({ code }: Failure): boolean =>
  code === SOURCE_LOSSES.overwritten.code || code === SOURCE_LOSSES.deleted.code;

/** … or that it is not to be imported as it is? */
export const isRefusing = ({ code }: Failure): boolean =>
  code === SOURCE_LOSSES.archived.code || code === SOURCE_LOSSES.foreign.code;

const SOURCE_LOSSES = {
  overwritten: {
    code: 'SOURCE_OVERWRITTEN',
    sentence: 'The object was overwritten before its import was asked for.',
    remedy: 'Nothing is lost: the new content has a run of its own.',
  },
  deleted: {
    code: 'SOURCE_DELETED',
    sentence: 'The object was deleted before its import was asked for.',
    remedy: 'Upload it again to import it.',
  },
  archived: {
    code: 'SOURCE_ARCHIVED',
    sentence: 'The object is in the Archive tier and cannot be read.',
    remedy:
      'Restore it with `oci os object restore`, wait until it is Restored, and copy it with `oci os object copy` to a ' +
      'name of its own in a drop bucket of the Standard tier.',
  },
  foreign: {
    code: 'COPY_OF_ANOTHER_DEPLOYMENT',
    sentence: 'The object was made by a run of another deployment of byoi, by its name or its metadata.',
    remedy:
      'Nothing need be done. To import it here all the same, upload it under a name of its own, without the metadata opc-meta-byoi-run.',
  },
} as const satisfies Record<SourceLoss, Failure>;

const EXPORT_LOSSES = {
  overwritten: {
    code: 'EXPORT_LOST',
    sentence: 'The exported object was overwritten by somebody before it was copied.',
    remedy: '`byoi runs retry` exports the image again.',
  },
  deleted: {
    code: 'EXPORT_LOST',
    sentence: 'The exported object was deleted by somebody before it was copied.',
    remedy: '`byoi runs retry` exports the image again.',
  },
} as const satisfies Record<'overwritten' | 'deleted', Failure>;
