import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';
import { Cloud } from '../../local/cloud.ts';
import { deploy } from '../support/deployment.ts';

const QCOW2 = readFileSync('test/fixtures/demo-disk.qcow2');

it('an embedded OCI that is stopped in the middle of an import goes on with it when it is started again', async () => {
  const byoi = await deploy({ timeScale: 1 });
  const regions = Object.entries(byoi.endpoints).map(([name, url]) => ({
    name,
    port: Number(new URL(url).port),
  }));
  const id = await byoi.drop('restarted.qcow2', QCOW2);
  const importing = await byoi.until(id, (run) => run.branches[0]?.step === 'import');
  await byoi.cloud.stop();

  const { dataDir } = byoi.cloud;
  const restarted = await Cloud.start({
    dataDir,
    regions,
    functionsDir: resolve('dist/functions'),
    timeScale: 100,
  });
  try {
    const run = await byoi.ended(id);
    expect(run.state).toBe('SUCCEEDED');
    expect((await byoi.images()).map(({ id: imageId }) => imageId)).toEqual([importing.branches[0]?.imageId]);
    expect(await byoi.pars()).toEqual([]);
  } finally {
    await restarted.stop();
    await byoi.remove();
  }
});
