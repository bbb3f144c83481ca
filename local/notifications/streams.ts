import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { MessageLog } from './message-log.ts';

/** A sink for rules and destinations that name a stream; Streaming's own API is not there. */
export function streams(region: Region): Operation[] {
  const log = new MessageLog(region, 'stream-messages');
  region.streams = { append: (streamId, message) => void log.append(streamId, message) };
  return [
    {
      name: 'LocalListStreamMessages',
      method: 'GET',
      path: '/_local/streams/{streamId}/messages',
      unsigned: true,
      handle: (call) => ({ body: { items: log.of(call.params.streamId ?? '') } }),
    },
  ];
}
