import { z } from 'zod';
import type { Call, Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import { OciError } from '../errors.ts';
import { mayAccess } from '../identity/access.ts';
import type { Region } from '../region.ts';
import type { Table } from '../table.ts';
import type { Images } from './image.ts';

/** Name of the service limit, and its default in a tenancy that pays. */
const LIMIT_NAME = 'custom-image-count';
const DEFAULT_LIMIT = 100;

const QuotaDetails = z.strictObject({ [LIMIT_NAME]: z.int().min(0) });

/** How many custom images a region may have. */
export class Quota {
  readonly #limits: Table<number>;

  constructor(region: Region) {
    this.#limits = region.table<number>('limits');
  }

  /** @throws {OciError} 400 where one more image of the caller's tenancy would be too many */
  requireRoom(call: Call, images: Images): void {
    const limit = this.#limits.get(LIMIT_NAME) ?? DEFAULT_LIMIT;
    const used = images
      .all()
      .filter((image) => image.lifecycleState !== 'DELETED' && mayAccess(call, image.compartmentId)).length;
    if (used >= limit)
      throw new OciError(
        400,
        'LimitExceeded',
        `The following service limits were exceeded: ${LIMIT_NAME}. Request a service limit increase from the service limits page in the console.`,
      );
  }

  /** `/_local/quota` of this region: `{"custom-image-count": 3}`. */
  operations(): Operation[] {
    const answer = () => ({ body: { [LIMIT_NAME]: this.#limits.get(LIMIT_NAME) ?? DEFAULT_LIMIT } });
    const path = '/_local/quota';
    return [
      { name: 'LocalGetQuota', method: 'GET', path, unsigned: true, handle: answer },
      {
        name: 'LocalSetQuota',
        method: 'POST',
        path,
        unsigned: true,
        handle: (call) => {
          this.#limits.set(LIMIT_NAME, parseBody(call, QuotaDetails)[LIMIT_NAME]);
          return answer();
        },
      },
    ];
  }
}
