import { z } from 'zod';
import type { Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import type { MessageLog } from './message-log.ts';
import type { Topics } from './topics.ts';

/** OCI takes messages of at most 64 KB. */
const MAX_BODY_BYTES = 64 * 1024;

const MessageDetails = z.object({
  title: z.string().optional(),
  body: z.string().refine((body) => Buffer.byteLength(body) <= MAX_BODY_BYTES, 'longer than 64 KB'),
});

/** PublishMessage, and the reading of what was published. */
export function messageOperations(topics: Topics, log: MessageLog): Operation[] {
  return [
    {
      name: 'PublishMessage',
      method: 'POST',
      path: '/20181201/topics/{topicId}/messages',
      handle: (call) => {
        const { topicId } = topics.find(call);
        const { title, body } = parseBody(call, MessageDetails);
        const { messageId, timeStamp } = log.append(topicId, body, title ?? '');
        return { status: 202, body: { messageId, timeStamp } };
      },
    },
    {
      name: 'LocalListMessages',
      method: 'GET',
      path: '/_local/topics/{topicId}/messages',
      unsigned: true,
      handle: (call) => ({ body: { items: log.of(call.params.topicId ?? '') } }),
    },
  ];
}
