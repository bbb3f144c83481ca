import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { RetryTokens } from '../retry-tokens.ts';
import { MessageLog } from './message-log.ts';
import { messageOperations } from './messages.ts';
import { streams } from './streams.ts';
import { Subscriptions } from './subscriptions.ts';
import { Topics } from './topics.ts';

/** Notifications (ONS, base path `/20181201`), and the sink for streams. */
export function notifications(region: Region): Operation[] {
  const tokens = new RetryTokens(region, 'notifications');
  const topics = new Topics(region);
  const log = new MessageLog(region, 'topic-messages');
  const subscriptions = new Subscriptions(region, topics);
  region.topics = {
    publish(topicId, title, body) {
      if (!topics.has(topicId)) return false;
      log.append(topicId, body, title);
      return true;
    },
  };
  return [
    ...topics.operations(tokens, (topicId) => {
      log.deleteOf(topicId);
      subscriptions.deleteOf(topicId);
    }),
    ...messageOperations(topics, log),
    ...subscriptions.operations(tokens),
    ...streams(region),
  ];
}
