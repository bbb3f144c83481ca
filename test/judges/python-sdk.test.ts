import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ASHBURN, PHOENIX } from '../support/cloud.ts';
import { type Deployed, deploy } from '../support/deployment.ts';
import { sdkPython } from '../support/oci-cli.ts';

let byoi: Deployed;
let folder: string;
let python: string;
beforeAll(async () => {
  python = sdkPython();
  folder = mkdtempSync(join(tmpdir(), 'byoi-python-'));
  byoi = await deploy();
});
afterAll(async () => {
  await byoi.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a function of python-sdk-judge.py on the deployment. @returns what it saw */
async function judge(name: string, more: object = {}): Promise<Record<string, unknown>> {
  const { cloud, deployment, endpoints } = byoi;
  const setting = {
    regions: [ASHBURN, PHOENIX],
    endpoints,
    configFile: cloud.configFile,
    compartmentId: deployment.compartmentId,
    namespace: deployment.ledger.namespace,
    dropBucket: deployment.dropBucket,
    functionIds: deployment.functionIds,
    disk: resolve('test/fixtures/demo-disk.qcow2'),
    folder,
    ...more,
  };
  return new Promise((done, fail) => {
    const child = execFile(python, ['test/judges/python-sdk-judge.py', name], (error, out) => {
      if (error) fail(error);
      else done(JSON.parse(out));
    });
    child.stdin?.end(JSON.stringify(setting));
  });
}

describe('the Python SDK', () => {
  test('uploads in parallel parts and as a stream, and reads both back whole and by range', async () => {
    expect(await judge('uploads')).toEqual({
      progress: true,
      whole: [true, true],
      range: [206, 'bytes 5242870-5242889/23000000', true],
      metadata: 'Disk',
      parts: '5',
    });
  });

  test('resumes an upload from the parts that are there, and aborts another', async () => {
    expect(await judge('unfinished_upload')).toEqual({
      listed: ['given up', 'resumed'],
      content: true,
      left: 0,
    });
  });

  test('follows all pages of buckets and objects', async () => {
    const numbers = [0, 1, 2, 3, 4];
    expect(await judge('pages')).toEqual({
      buckets: numbers.map((number) => `page-${number}`),
      objects: numbers.map((number) => [`folder/${number}`, number]),
    });
  });

  test('stores and renames objects by any name', async () => {
    const names = [
      'a b&c+d#e?f%20.qcow2',
      'ünï/コード/💽',
      "it's (1)*!~;,@$.vmdk",
      '//a//b/',
      '=%2F&x="<>',
      'a\\b|c',
    ];
    expect(await judge('names', { names })).toEqual({ listed: true, wrong: [], left: [] });
  });

  test('makes PARs that open one object to any client in the way they say, until they are deleted', async () => {
    expect(await judge('pars')).toEqual({
      read: [200, 'shared content'],
      range: [206, 'shared'],
      'write by a reader': 404,
      write: [200, ''],
      'read by a writer': 404,
      written: 'by PAR',
      listed: ['r', 'w'],
      "another's": 404,
      deleted: 404,
    });
  });

  test('copies to another region by its composite operation, and learns why a second copy fails', async () => {
    expect(await judge('copy')).toEqual({
      refused: [400, 'InsufficientServicePermissions'],
      ended: ['COPY_OBJECT', 'COMPLETED', 100],
      arrived: ['content', 'blue'],
      again: ['FAILED', 1],
    });
  });

  test('imports, exports, renames and deletes images by its waiters', async () => {
    expect(await judge('images')).toEqual({
      image: ['python-one', 'PARAVIRTUALIZED', 'BIOS', { by: 'python' }],
      works: [
        ['SUCCEEDED', 100],
        ['SUCCEEDED', 100],
      ],
      'same work': true,
      exported: 'SUCCEEDED',
      archive: true,
      listed: ['python-one', 'python-two'],
      renamed: 'python-renamed',
      deleted: 'DELETED',
      refused: {
        exporting: [409, 'IncorrectState'],
        stale: [412, 'NoEtagMatch'],
        unknown: [404, 'NotAuthorizedOrNotFound'],
      },
    });
  });

  test('makes, changes, lists and deletes event rules', async () => {
    const ours = [
      'byoi-advance-runs',
      'byoi-copy-image',
      'byoi-export-ended',
      'byoi-export-image',
      'byoi-import-copy',
      'byoi-import-image',
    ];
    expect(await judge('rules')).toEqual({
      changed: ['changed', 'python-1'],
      listed: [...ours, 'python-1', 'python-2'],
      action: ['FAAS', byoi.deployment.functionIds['advance-runs']],
      invalid: [400, 'InvalidParameter'],
      left: ours,
    });
  });

  test('invokes a function, waiting for its answer and not', async () => {
    expect(await judge('functions')).toEqual({
      sync: { ignored: expect.any(String) },
      detached: 202,
      unknown: [404, 'NotAuthorizedOrNotFound'],
    });
  });

  test('gets the statuses and codes that programs branch on', async () => {
    expect(await judge('errors')).toEqual({
      'no object': [404, 'ObjectNotFound'],
      'no bucket': [404, 'BucketNotFound'],
      'another ETag': [412, 'IfMatchFailed'],
      'already there': [412, 'IfNoneMatchFailed'],
      unchanged: 304,
      'beyond the end': 416,
      'wrong MD5': [400, 'UnmatchedContentMD5'],
      'bucket exists': [409, 'BucketAlreadyExists'],
      'bucket is full': [409, 'BucketNotEmpty'],
      'no work request': [404, 'NotAuthorizedOrNotFound'],
    });
  });

  test('is let in by its own signature only, fresh and untouched', async () => {
    const strangersKey = join(folder, 'stranger.pem');
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(strangersKey, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const refused = [401, 'NotAuthenticated'];
    expect(await judge('signatures', { strangersKey })).toEqual({
      'as signed': [200, '-'],
      "another's key": refused,
      'an unknown fingerprint': refused,
      'signed an hour ago': refused,
      'a tampered body': refused,
      'another path': refused,
      'no authorization': refused,
      'no date': refused,
      'no digest': refused,
    });
  });

  test('drops a disk in parts, and finds the image it became', async () => {
    expect(await judge('drop')).toEqual({
      image: ['EMULATED', 'E1000'],
      tags: {
        'byoi-run': expect.any(String),
        'byoi-launch-mode': 'EMULATED',
        'byoi-firmware': 'BIOS',
        'byoi-confidence': expect.any(String),
        'byoi-source': 'byoi-drop/from/python.qcow2',
      },
      shapes: true,
    });
    expect(await byoi.pars()).toEqual([]);
  });
});
