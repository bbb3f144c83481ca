import { call } from '../oci/errors.ts';
import { cut, printable } from '../printable.ts';
import { isEnded, type ObjectAddress, type Run } from '../run/run.ts';
import type { RunPerformer } from './perform.ts';
import { subjectOf } from './subject.ts';

/** OCI Notifications cuts a title there. */
const MAX_TITLE_LENGTH = 200;

/**
 * Tells the topic where the run stands. At least once: the run's id and sequence let a reader drop a second one.
 */
export const notify: RunPerformer = async ({ ledger, clients, config, log }, run) => {
  const message = messageOf(run);
  log[run.failure ? 'warn' : 'info'](`run ${run.state}`, message);
  const topicId = config.notificationTopicId;
  if (topicId) {
    const client = await clients.notifications(ledger.region);
    const messageDetails = {
      // A mail's subject: a line break in an object's name would have the message refused.
      title: cut(`byoi: ${run.state} ${printable(subjectOf(run))}`, MAX_TITLE_LENGTH),
      body: JSON.stringify(message, undefined, 2),
    };
    await call('PublishMessage', () => client.publishMessage({ topicId, messageDetails }));
  }
  return { kind: 'notified', state: run.state };
};

function messageOf(run: Run): object {
  const { id, sequence, state, journey, source, image, verdict, failure, branches } = run;
  return {
    run: id,
    sequence,
    state,
    journey,
    ...(image && { image: image.imageId, region: image.region }),
    ...(!image && source && { object: shownObject(source), region: source.region }),
    ...(verdict && { format: verdict.format, launchMode: verdict.launchMode, firmware: verdict.firmware }),
    ...(verdict && { confidence: verdict.confidence }),
    ...(state === 'NEEDS_LICENSE' && {
      licensedSystem: verdict?.licensedSystem,
      remedy: `byoi runs attest ${id} --license "…"`,
    }),
    ...failure,
    images: branches.flatMap(({ region, imageId, failure }) =>
      imageId && isEnded(state) && !failure ? [{ region, imageId }] : [],
    ),
    copies: branches.flatMap(({ imports, copy, failure }) =>
      copy && !imports && isEnded(state) && !failure ? [shownObject(copy)] : [],
    ),
    failures: branches.flatMap(({ id: destination, failure }) =>
      failure ? [{ destination, ...failure }] : [],
    ),
    problems: verdict?.problems ?? [],
    warnings: [...(run.exporting?.warnings ?? []), ...branches.flatMap(({ warnings }) => warnings)],
  };
}

const shownObject = ({ namespace, bucket, object }: ObjectAddress) =>
  `oci://${namespace}/${bucket}/${object}`;
