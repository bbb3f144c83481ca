import { printable } from '../printable.ts';
import type { SourceLoss } from '../run/facts.ts';
import type { Copy, Failure, ObjectAddress } from '../run/run.ts';
import { shellWord } from '../shell-word.ts';

/** The object that a branch wants to copy to is there, and somebody else's. */
export const destinationOccupied = (copy: ObjectAddress): Failure => ({
  code: 'DESTINATION_OCCUPIED',
  sentence: `${shown(copy)} is there already, and was not made by this run.`,
  remedy: `Move it away, or delete it with \`${deleteCommand(copy)}\`; then \`byoi runs retry\`.`,
});

/** The copy is not what it was when it arrived. */
export const copyLost = (copy: Copy, how: SourceLoss): Failure => ({
  code: 'COPY_LOST',
  sentence: `The copy ${shown(copy)} was ${how} by somebody before its import was asked for.`,
  remedy:
    how === 'deleted'
      ? '`byoi runs retry` copies again.'
      : `Delete it with \`${deleteCommand(copy)}\`; then \`byoi runs retry\` copies again.`,
});

const shown = ({ region, namespace, bucket, object }: ObjectAddress) =>
  printable(`oci://${bucket}@${namespace}/${object} in ${region}`);

const deleteCommand = ({ region, namespace, bucket, object }: ObjectAddress) =>
  `oci os object delete --region ${shellWord(region)} -ns ${shellWord(namespace)} -bn ${shellWord(bucket)} --name ${shellWord(object)}`;
