import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeftRun } from '../../cli/left-runs.ts';
import type { Run } from '../../shared/run/run.ts';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import {
  askToReplicate,
  branchOf,
  droppedImage,
  imageOf,
  imagesIn,
  personsImage,
  replicate,
  ticked,
  worksOf,
} from '../support/replication.ts';

let byoi: Deployed;

beforeAll(async () => {
  byoi = await deploy();
});

afterAll(() => byoi.remove());

async function tag(imageId: string, freeformTags: Record<string, string>): Promise<void> {
  const compute = await byoi.clients.compute(ASHBURN);
  await compute.updateImage({ imageId, updateImageDetails: { freeformTags } });
}

/** The runs that replicate an image. */
async function runsOf(imageId: string): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const id of byoi.runs.ids()) {
    const run = (await byoi.runs.get(id))?.value;
    if (run?.image?.imageId === imageId) runs.push(run);
  }
  return runs;
}

describe('an image that is replicated', () => {
  it('is exported, copied and imported, launched as its source is, and leaves nothing on the way', async () => {
    const imageId = await droppedImage(byoi, 'web-server.qcow2');
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    const [source, copy] = [
      (await (await byoi.clients.compute(ASHBURN)).getImage({ imageId })).image,
      await imageOf(byoi, run, PHOENIX),
    ];
    expect(copy).toMatchObject({
      displayName: source.displayName,
      lifecycleState: 'AVAILABLE',
      launchMode: source.launchMode,
      operatingSystem: source.operatingSystem,
    });
    expect(copy.freeformTags).toMatchObject({ 'byoi-run': run.id });
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('is told of once, with the image it has become', async () => {
    const imageId = await personsImage(byoi);
    const run = await replicate(byoi, { imageId, to: [PHOENIX] });
    const told = (await byoi.notifications()).filter((message) => message.run === run.id);
    expect(told).toMatchObject([
      {
        state: 'SUCCEEDED',
        image: imageId,
        images: [{ region: PHOENIX, imageId: branchOf(run, PHOENIX).imageId }],
      },
    ]);
  });

  it('may be one of another region, of which no event comes', async () => {
    const imageId = await personsImage(byoi, { displayName: 'far-away' }, {}, PHOENIX);
    const run = await replicate(byoi, { imageId, region: PHOENIX, to: [ASHBURN] });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(await imageOf(byoi, run, ASHBURN)).toMatchObject({
      displayName: 'far-away',
      lifecycleState: 'AVAILABLE',
    });
    expect(run.exporting?.object).toMatchObject({ region: PHOENIX, bucket: 'byoi-export' });
    expect(await byoi.leftovers()).toEqual([]);
  });

  it('is imported from the source region itself with the strategy direct, and nothing is copied', async () => {
    const imageId = await personsImage(byoi);
    const copies = worksOf(byoi, 'CopyObject').length;
    const run = await replicate(byoi, { imageId, to: [PHOENIX], strategy: 'direct' });
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect(worksOf(byoi, 'CopyObject')).toHaveLength(copies);
    const [asked] = worksOf(byoi, 'CreateImage', PHOENIX);
    expect(asked?.input.source).toMatchObject({
      uri: expect.stringMatching(`^${byoi.endpoints[ASHBURN]}/p/.*/b/byoi-export/o/`),
    });
    expect(await byoi.leftovers()).toEqual([]);
  });

  it.each(['ünï/コード/💽', '..', "';rm -rf $HOME;'", 'a b&c+d#e?f%20', 'x'.repeat(255)])(
    'may be called anything: %s',
    async (displayName) => {
      const imageId = await personsImage(byoi, { displayName });
      const run = await replicate(byoi, { imageId, to: [PHOENIX] });
      expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
      expect((await imageOf(byoi, run, PHOENIX)).displayName).toBe(displayName);
      expect(await byoi.leftovers()).toEqual([]);
    },
  );

  it('is the same run when the same is asked again, and another one by another request', async () => {
    const imageId = await personsImage(byoi);
    const first = await askToReplicate(byoi, { imageId, to: [PHOENIX] });
    expect(await askToReplicate(byoi, { imageId, to: [PHOENIX] })).toBe(first);
    const other = await askToReplicate(byoi, { imageId, to: [PHOENIX], request: 'monthly' });
    expect(other).not.toBe(first);
    await byoi.ended(first);
    await byoi.ended(other);
    const copies = (await imagesIn(byoi, PHOENIX)).filter(({ freeformTags }) =>
      [first, other].includes(freeformTags?.['byoi-run'] ?? ''),
    );
    expect(copies).toHaveLength(2);
  });
});

describe('byoi replicate', () => {
  it('follows the run and ends with the image and what each step took', async () => {
    const imageId = await personsImage(byoi);
    const answer = await byoi.command('replicate', imageId, '--to', PHOENIX);
    expect([answer.code, answer.err]).toEqual([0, '']);
    const [run] = await runsOf(imageId);
    expect(run?.state).toBe('SUCCEEDED');
    expect(answer.out).toContain(`${PHOENIX}  ${run && branchOf(run, PHOENIX).imageId}`);
    expect(answer.out).toMatch(/export +exporting +\d/);
    expect(answer.out).toMatch(/us-phoenix-1 +importing +\d/);
  });

  it('leaves with --no-wait as soon as the run is open, in one line; asked again it says how the run ended', async () => {
    const imageId = await personsImage(byoi);
    const leave = () => byoi.command('replicate', imageId, '--to', PHOENIX, '--no-wait');
    const { code, out, err } = await leave();
    const [, id = ''] =
      /^Replicating .+: run ([a-z2-7]{26}); `byoi runs watch \1` follows it\.\n$/.exec(out) ?? [];
    expect({ code, err, id }).toMatchObject({ code: 0, err: '', id: expect.stringMatching(/./) });
    expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
    expect((await leave()).out).toContain(`run ${id} is SUCCEEDED; \`byoi runs show ${id}\``);
  });

  it.each([['replicate'], ['share'], ['watch']])(
    'interrupted while it follows, %s says what becomes of the run',
    async (command) => {
      const imageId = await personsImage(byoi);
      const ask = { replicate: ['replicate', imageId, '--to', PHOENIX], share: ['share', imageId] };
      const left = await byoi.command(
        'replicate',
        imageId,
        '--to',
        PHOENIX,
        '--display-name',
        command,
        '--no-wait',
      );
      const [, id = ''] = /run (\w{26})/.exec(left.out) ?? [];
      const words = command === 'watch' ? ['runs', 'watch', id] : ask[command as keyof typeof ask];
      const child = spawn(process.execPath, [resolve('dist/byoi.js'), ...words], {
        env: { ...process.env, ...byoi.environment },
      });
      const [exit, err] = [once(child, 'exit'), text(child.stderr)];
      await once(child.stdout, 'data');
      child.kill('SIGINT');
      expect(await exit).toEqual([null, 'SIGINT']);
      const goesOn =
        /^\nThe run (\w{26}) goes on by itself(?:; `byoi runs watch \1` follows it|, and shows nobody a URL; `byoi runs cancel \1` ends it)\.\n$/;
      expect(await err).toMatch(goesOn);
      const [, told = ''] = goesOn.exec(await err) ?? [];
      for (const run of [id, told]) expect((await byoi.ended(run)).state).toBe('SUCCEEDED');
    },
  );

  it.each([[[]], [['--no-wait']]])(
    'tells of the run where no function can be called to drive it, and drives it when asked again: %j',
    async (options) => {
      const ask = ['replicate', await personsImage(byoi), '--to', PHOENIX, ...options];
      const calls = [{ operation: 'GetFunction', status: 403, times: 1 }];
      await byoi.control('POST', 'faults', { calls });
      const { code, out, err } = await byoi.command(...ask);
      const [, id = ''] = /^The run (\w{26}) goes on by itself; .*\.\nerror OCI_/.exec(err) ?? [];
      expect({ code, out, id }).toEqual({ code: 1, out: '', id: expect.stringMatching(/./) });
      expect((await byoi.command(...ask)).out).toContain(options.length > 0 ? id : id.slice(0, 8));
      expect((await byoi.ended(id)).state).toBe('SUCCEEDED');
    },
  );

  it('leaves with JSON that names the run', async () => {
    const imageId = await personsImage(byoi);
    const answer = await byoi.command(
      ...['replicate', imageId, '--to', PHOENIX, '--display-name', 'second', '--no-wait', '--output', 'json'],
    );
    expect([answer.code, answer.err]).toEqual([0, '']);
    const opened = JSON.parse(answer.out) as LeftRun;
    expect(opened).toMatchObject({ action: 'replicate', state: 'OPEN', source: null });
    expect(opened.watch).toBe(`byoi runs watch ${opened.id}`);
    const run = await byoi.ended(opened.id);
    expect([run.state, run.failure]).toEqual(['SUCCEEDED', null]);
    expect((await imageOf(byoi, run, PHOENIX)).displayName).toBe('second');
  });

  it('opens nothing for a destination that is not known, and says which are', async () => {
    const imageId = await personsImage(byoi);
    const answer = await byoi.command('replicate', imageId, '--to', PHOENIX, 'us-pheonix-1');
    expect(answer).toMatchObject({ code: 2, out: '' });
    expect(answer.err).toMatch(
      /^error DESTINATION_UNKNOWN: .* us-pheonix-1; it has .*us-phoenix-1\.\n {2}Add it/,
    );
    expect(await runsOf(imageId)).toEqual([]);
  });

  it('prints the run as JSON once it has ended, and its steps to the other stream', async () => {
    const imageId = await personsImage(byoi);
    const answer = await byoi.command('replicate', imageId, '--to', PHOENIX, '--output', 'json');
    expect(answer.code).toBe(0);
    expect(JSON.parse(answer.out)).toMatchObject({ state: 'SUCCEEDED', branches: [{ id: PHOENIX }] });
    expect(answer.err).toContain('exporting');
  });

  it('asked twice shows the run that there is; --again makes another', async () => {
    const imageId = await personsImage(byoi);
    const ask = async (...more: string[]) =>
      JSON.parse(
        (await byoi.command('replicate', imageId, '--to', PHOENIX, '--output', 'json', ...more)).out,
      ) as Run;
    const first = await ask();
    expect((await ask()).id).toBe(first.id);
    expect(await runsOf(imageId)).toHaveLength(1);
    expect((await ask('--again')).id).not.toBe(first.id);
    expect((await runsOf(imageId)).map(({ state }) => state)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });

  it('finds the region of an image in its OCID, whatever region it works in', async () => {
    const imageId = await personsImage(byoi, {}, {}, PHOENIX);
    const answer = await byoi.command(
      ...['replicate', imageId, '--to', ASHBURN, '--region', ASHBURN, '--output', 'json'],
    );
    expect(JSON.parse(answer.out)).toMatchObject({ state: 'SUCCEEDED', image: { region: PHOENIX } });
  });
});

describe('the tag byoi-replicate-to', () => {
  it('starts a replication to the destinations that it names', async () => {
    const imageId = await personsImage(byoi);
    await tag(imageId, { 'byoi-replicate-to': `${ASHBURN}, ${PHOENIX}`, team: 'web' });
    await expect.poll(() => runsOf(imageId)).toHaveLength(1);
    const [opened] = await runsOf(imageId);
    const run = await byoi.ended(opened?.id ?? '');
    expect([run.state, run.branches.map(({ id }) => id)]).toEqual(['SUCCEEDED', [PHOENIX]]);
    expect((await imageOf(byoi, run, PHOENIX)).freeformTags).toEqual({
      'byoi-run': run.id,
      'byoi-source': `${ASHBURN}/${imageId}`,
      team: 'web',
    });
  });

  it.each([[''], [`${ASHBURN} ${ASHBURN}@local`]])(
    'starts nothing where it names no other region: "%s"',
    async (value) => {
      const imageId = await personsImage(byoi);
      await tag(imageId, { 'byoi-replicate-to': value });
      await droppedImage(byoi, `after-${value.length}.qcow2`);
      expect(await runsOf(imageId)).toEqual([]);
    },
  );

  it('starts nothing on an image that a run made', async () => {
    const imageId = await droppedImage(byoi, 'tagged.qcow2');
    const [image] = (await byoi.images()).filter(({ id }) => id === imageId);
    await tag(imageId, { ...image?.freeformTags, 'byoi-replicate-to': PHOENIX });
    await droppedImage(byoi, 'after-the-tag.qcow2');
    await ticked(byoi);
    expect(await runsOf(imageId)).toEqual([]);
  });
});
