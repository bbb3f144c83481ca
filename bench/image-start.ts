import type { ColdStart } from './support/cold-process.ts';
import { findEngine, type Limits, startImage } from './support/image.ts';
import { dropEvent, type Rig, startRig } from './support/rig.ts';
import { median, ms, type Table } from './support/table.ts';

const RUNS = 7;
const IGNORED = { eventType: 'com.oraclecloud.objectstorage.deleteobject', data: {} };
/** OCI gives a function a share of a processor by its memory; at 256 MB an eighth was seen. */
const EIGHTH: Limits = { memoryMB: 256, cpuMillis: 125 };
const WHOLE: Limits = { memoryMB: 256, cpuMillis: 1000 };
/** V8 takes no code cache that was made with other flags. */
const WITHOUT_CACHE = '--max-old-space-size=161';

/** A container from its start to the first answer, or to CreateImage, under the limits of OCI Functions. */
export async function imageStarts(): Promise<Table[]> {
  const engine = findEngine();
  if (typeof engine === 'string') {
    console.warn(`image-start: ${engine}`);
    return [];
  }
  const rig = await startRig();
  try {
    const entrypoint = engine.build('import-image');
    const without = entrypoint.map((word) => (word.startsWith('--max-old') ? WITHOUT_CACHE : word));
    const measure = async (program: readonly string[], limits: Limits, drops: boolean) => {
      const samples: number[] = [];
      for (let run = 0; run < RUNS; run += 1) {
        const event = drops ? await dropEvent(rig) : IGNORED;
        const environment = await rig.environment('import-image');
        const start = await startImage(engine, 'import-image', program, limits, environment, event);
        samples.push(drops ? sinceSpawn(rig, start) : start.answeredMs);
      }
      return ms(median(samples));
    };
    const row = async (label: string, program: readonly string[], drops: boolean) => ({
      label,
      cells: [await measure(program, WHOLE, drops), await measure(program, EIGHTH, drops)],
    });
    return [
      {
        title: 'Start of the image',
        about:
          `A container of import-image with 256 MB, from its start to the answer or to CreateImage's arrival; medians of ${RUNS}, in ms. ` +
          `${engine.name}. Without code cache: with a flag that V8 does not take it for.`,
        columns: ['', 'a processor', 'an eighth'],
        rows: [
//1
          await row('CreateImage arrives', entrypoint, true),
          await row('CreateImage arrives, without code cache', without, true),
        ],
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
