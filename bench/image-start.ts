import type { ColdStart } from './support/cold-process.ts';
import type { Limits } from './support/engines/engine.ts';
import { findEngine, startImage } from './support/image.ts';
import { unlessQuick } from './support/quick.ts';
import { dropEvent, type Rig, startRig } from './support/rig.ts';
import { median, ms, type Table } from './support/table.ts';

const RUNS = unlessQuick(7);
const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
/** OCI gives a function a share of a processor by its memory; at 256 MB an eighth was seen. */
const LIMITS: readonly Limits[] = [
  { memoryMB: 256, cpuMillis: 1000 },
  { memoryMB: 256, cpuMillis: 125 },
];
/** V8 takes no code cache that was made with other flags. */
const OTHER_FLAG = '--max-old-space-size=161';
const NAME = 'import-image';

/** A container from its start to the first answer, or to CreateImage, under the limits of OCI Functions. */
export async function imageStarts(): Promise<Table[]> {
  const engine = findEngine();
  if (typeof engine === 'string') {
    console.warn(`image-start: ${engine}`);
    return [];
  }
  const rig = await startRig();
  try {
    const entrypoint = engine.build(NAME);
    const uncached = entrypoint.map((word) => (word.startsWith('--max-old') ? OTHER_FLAG : word));
    const cases = [
      { label: 'an event it ignores', program: entrypoint, drops: false },
      { label: 'an event it ignores, without code cache', program: uncached, drops: false },
      { label: 'CreateImage arrives', program: entrypoint, drops: true },
      { label: 'CreateImage arrives, without code cache', program: uncached, drops: true },
    ].map((each) => ({ ...each, samples: LIMITS.map((): number[] => []) }));
    // One of each in turn: what else the machine does falls on all alike.
    for (let run = 0; run < RUNS; run += 1) {
      for (const { program, drops, samples } of cases) {
        for (const [index, limits] of LIMITS.entries()) {
          const event = drops ? await dropEvent(rig) : IGNORED;
          const environment = await rig.environment(NAME);
          const start = await startImage(engine, NAME, program, limits, environment, event);
          samples[index]?.push(drops ? sinceSpawn(rig, start) : start.answeredMs);
        }
      }
    }
    return [
      {
        title: 'Start of the image',
        about:
          `A container of ${NAME} with 256 MB, from its start to the answer or to CreateImage's arrival; medians of ${RUNS}, in ms. ` +
          `${engine.name}. Without code cache: with a flag that V8 does not take it for.`,
        columns: ['', 'a processor', 'an eighth'],
        rows: cases.map(({ label, samples }) => ({ label, cells: samples.map((each) => ms(median(each))) })),
      },
    ];
  } finally {
    await rig.stop();
    engine.remove();
  }
}

function sinceSpawn(rig: Rig, { spawnedAt, answer }: ColdStart): number {
  const arrivedAt = rig.createImageAt();
  if (arrivedAt < spawnedAt) throw new Error(`No image was created: ${answer}`);
  return arrivedAt - spawnedAt;
}
