import { z } from 'zod';
import type { Operation } from '../api.ts';
import { parseBody } from '../body.ts';
import { OciError } from '../errors.ts';
import type { Region, ResourceQuota } from '../region.ts';
import type { Table } from '../table.ts';
import type { Images } from './image.ts';

/** Name of the service limit, and its default in a tenancy that pays. */
const LIMIT_NAME = 'custom-image-count';
const DEFAULT_LIMIT = 100;

const QuotaDetails = z.strictObject({ [LIMIT_NAME]: z.int().min(0) });

/** How many custom images a tenancy may have in a region. */
export class Quota {
  readonly #limits: Table<number>;
  readonly #images: Images;
  readonly #region: Region;

  constructor(region: Region, images: Images) {
    this.#region = region;
    this.#images = images;
    this.#limits = region.table<number>('limits');
  }

  /** The door's `customImages`. */
  of(tenancyId: string): ResourceQuota {
    const { identity } = this.#region.cloud;
    const used = this.#images
      .all()
      .filter(
        ({ lifecycleState, compartmentId }) =>
          lifecycleState !== 'DELETED' && identity.tenancyOf(compartmentId)?.id === tenancyId,
      ).length;
    return { used, limit: this.#limit, isSet: this.#limits.has(LIMIT_NAME) };
  }

  /** @throws {OciError} 400 where one more image of the tenancy would be too many */
  requireRoom(tenancyId: string): void {
    const { used, limit } = this.of(tenancyId);
    if (used >= limit)
      throw new OciError(
        400,
        'LimitExceeded',
        `The following service limits were exceeded: ${LIMIT_NAME}. Request a service limit increase from the service limits page in the console.`,
      );
  }

  /** `/_local/quota` of this region: `{"custom-image-count": 3}`. */
  operations(): Operation[] {
    const answer = () => ({ body: { [LIMIT_NAME]: this.#limit } });
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

  get #limit(): number {
    return this.#limits.get(LIMIT_NAME) ?? DEFAULT_LIMIT;
  }
}
