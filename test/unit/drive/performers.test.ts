import { describe, expect, it } from 'vitest';
import { NO_DEADLINE } from '../../../shared/deadline.ts';
import { checkImport } from '../../../shared/drive/check-import.ts';
import { cleanUp } from '../../../shared/drive/clean-up.ts';
import { configureImage } from '../../../shared/drive/configure-image.ts';
import { createImage } from '../../../shared/drive/create-image.ts';
import { defaultDisplayName } from '../../../shared/drive/display-name.ts';
import { inspectSource } from '../../../shared/drive/inspect-source.ts';
import { notify } from '../../../shared/drive/notify.ts';
import { discardImage } from '../../../shared/drive/own-image.ts';
import { takeUp } from '../../../shared/drive/take-up.ts';
import { advance } from '../../../shared/run/advance.ts';
import type { Run } from '../../../shared/run/run.ts';
import { A_LEDGER, fakeClients, fakeDeployment, serviceError } from '../../support/fake-oci.ts';
import { A_SOURCE, aBranch, aRun, aVerdict, PAR_SECRET } from '../../support/runs.ts';

const NOW = new Date().toISOString();
const LATER = new Date(Date.now() + 3_600_000).toISOString();
const fail = (status: number, code: string) => () => {
  throw serviceError(status, code);
};
const deploymentOf = (services: Parameters<typeof fakeClients>[0], more: object = {}) =>
  fakeDeployment({
    clients: fakeClients(services),
    ledger: A_LEDGER,
    ...more,
  });

describe('an import whose work request failed', () => {
  it('is told in what OCI said, short and without the PAR that it quotes', async () => {
    const message = `cannot read https://objectstorage/p/${PAR_SECRET}/n/ns/b/drop/o/disk ${'x'.repeat(5000)}`;
    const deployment = deploymentOf({
      workRequests: {
        getWorkRequest: () => ({ workRequest: { status: 'FAILED', percentComplete: 3 } }),
        listWorkRequestErrors: () => ({ items: [{ code: 'BadImage', message }] }),
      },
    });
    const fact = await checkImport(deployment, aRun(), aBranch());
    const { sentence = '' } = 'failure' in fact ? fact.failure : {};
    expect(sentence).toMatch(/failed the import: cannot read https:/);
    expect(sentence).not.toContain(PAR_SECRET);
    expect(sentence.length).toBeLessThan(1100);
  });
});

describe('an image that is not seen', () => {
  const unseen = deploymentOf({
    workRequests: { getWorkRequest: fail(404, 'NotAuthorizedOrNotFound') },
    compute: { getImage: fail(404, 'NotAuthorizedOrNotFound') },
  });

  it('may be too new to be: it is asked for again', async () => {
    const fact = await checkImport(unseen, aRun(), aBranch({ since: NOW }));
    expect(fact.kind).toBe('import-pending');
  });

  it('after a while is gone, or not to be read any more, and that is told', async () => {
    const fact = await checkImport(unseen, aRun(), aBranch());
    expect(fact).toMatchObject({
      kind: 'import-failed',
      failure: { sentence: expect.stringContaining('may not be read') },
    });
  });
});

describe('an image of a changed source', () => {
  const discard = (lifecycleState: string) =>
    discardImage(
      deploymentOf({
        compute: {
          deleteImage: fail(404, 'NotAuthorizedOrNotFound'),
          getImage: () => ({ image: { lifecycleState } }),
        },
      }),
      aRun(),
      aBranch(),
    );

  it('that may not be deleted does not pass for deleted', async () => {
    await expect(discard('AVAILABLE')).rejects.toMatchObject({ code: 'IMAGE_NOT_DELETED' });
    expect((await discard('DELETED')).kind).toBe('image-discarded');
  });
});

describe('the configuration of an image', () => {
  const ARCHIVE_SCHEMA = {
    'Compute.Firmware': { defaultValue: 'BIOS' },
    'Network.AttachmentType': { defaultValue: 'E1000' },
  };
  const uefi = aRun({
    verdict: aVerdict({ format: 'oci' }),
    source: { ...A_SOURCE, metadata: { 'opc-meta-byoi-firmware': 'UEFI_64' } },
  });

  it("changes the firmware in an archive's own schema, and keeps the rest of it", async () => {
    const updates: unknown[] = [];
    const deployment = deploymentOf({
      compute: {
        getImage: () => ({ image: { lifecycleState: 'AVAILABLE' } }),
        listComputeImageCapabilitySchemas: () => ({ items: [{ id: 'schema' }] }),
        getComputeImageCapabilitySchema: () => ({
          computeImageCapabilitySchema: { schemaData: ARCHIVE_SCHEMA },
        }),
        updateComputeImageCapabilitySchema: (request: object) => void updates.push(request),
        listImageShapeCompatibilityEntries: () => ({ items: [{ shape: 'VM.Standard.E4.Flex' }] }),
      },
    });
    expect((await configureImage(deployment, uefi, aBranch())).kind).toBe('image-configured');
    expect(updates).toMatchObject([
      {
        computeImageCapabilitySchemaId: 'schema',
        updateComputeImageCapabilitySchemaDetails: {
          schemaData: {
            'Compute.Firmware': { descriptorType: 'enumstring', source: 'IMAGE', defaultValue: 'UEFI_64' },
            'Network.AttachmentType': { defaultValue: 'E1000' },
          },
        },
      },
    ]);
  });

  it('of one that was deleted meanwhile is no success', async () => {
    const deployment = deploymentOf({
      compute: { getImage: () => ({ image: { lifecycleState: 'DELETED' } }) },
    });
    await expect(configureImage(deployment, uefi, aBranch())).rejects.toMatchObject({
      code: 'IMAGE_DELETED',
    });
  });
});

it('PARs that may not be listed are not taken for deleted', async () => {
  const deployment = deploymentOf({
    objectStorage: { listPreauthenticatedRequests: fail(404, 'BucketNotFound') },
  });
  await expect(cleanUp(deployment, aRun(), aBranch())).rejects.toMatchObject({
    code: 'OCI_NOT_FOUND_OR_NOT_ALLOWED',
  });
});

describe('CreateImage', () => {
  const branch = aBranch({ step: 'request', since: NOW, imageId: null, workRequestId: null });
  const par = { id: 'par-1', url: 'https://objectstorage/p/x/n/', expiresAt: LATER };
  const heads = (more = {}) => ({ headObject: () => ({ eTag: 'e-tag-1', contentLength: 1, ...more }) });

  it('is not called with a PAR that has expired: a new attempt makes a new one', async () => {
    const deployment = deploymentOf({
      objectStorage: heads(),
      compute: { listImages: () => ({ items: [] }) },
    });
    expect(
      await createImage(deployment, aRun(), { ...branch, par: { ...par, expiresAt: NOW } }),
    ).toMatchObject({
      kind: 'par-lost',
      attempt: 1,
    });
  });

  it('is not called again where an earlier call made the image, though the token is forgotten', async () => {
    const items = [
      { id: 'other', freeformTags: {} },
      { id: 'ours', freeformTags: { 'byoi-run': aRun().id }, timeCreated: NOW },
    ];
    const deployment = deploymentOf({ objectStorage: heads(), compute: { listImages: () => ({ items }) } });
    const old = { ...branch, par, since: '2020-01-01T00:00:00.000Z' };
    expect(await createImage(deployment, aRun(), old)).toMatchObject({
      kind: 'image-requested',
      imageId: 'ours',
    });
  });

  it('is not called for an object that was archived since it was read', async () => {
    const deployment = deploymentOf({ objectStorage: heads({ archivalState: 'Archived' }) });
    expect(await createImage(deployment, aRun(), { ...branch, par })).toEqual({
      kind: 'source-lost',
      how: 'archived',
    });
  });

  it('takes tags that OCI takes: no control characters, 256 UTF-16 units, no character cut in two', async () => {
    const asked: { createImageDetails: { freeformTags: Record<string, string> } }[] = [];
    const createImageCall = (request: (typeof asked)[0]) => {
      asked.push(request);
      return { image: { id: 'i' }, opcWorkRequestId: 'w' };
    };
    const deployment = deploymentOf({ objectStorage: heads(), compute: { createImage: createImageCall } });
    const run = aRun({ source: { ...A_SOURCE, object: `\u0007\n${'💽'.repeat(300)}` } });
    await createImage(deployment, run, { ...branch, par });
    const tag = asked[0]?.createImageDetails.freeformTags['byoi-source'] ?? '';
    expect(tag).toMatch(/^drop\/\\u0007\\u000a(💽)+$/u);
    expect(tag.length).toBeLessThanOrEqual(256);
  });
});

it('a display name has no control characters, and 255 UTF-16 units at most', () => {
  expect(defaultDisplayName('a/b\tc.qcow2')).toBe('b\\u0009c');
  expect(defaultDisplayName(`x${'💽'.repeat(300)}.qcow2`)).toBe(`x${'💽'.repeat(127)}`);
});

it('the title of a notification is one line: a mail with another is refused', async () => {
  const titles: string[] = [];
  const deployment = deploymentOf(
    {
      notifications: {
        publishMessage: ({ messageDetails }: { messageDetails: { title: string } }) =>
          void titles.push(messageDetails.title),
      },
    },
    { config: { notificationTopicId: 'ocid1.onstopic.oc1..a' } },
  );
  await notify(deployment, aRun({ state: 'FAILED', source: { ...A_SOURCE, object: 'a\r\nBcc: all.qcow2' } }));
  expect(titles).toEqual(['byoi: FAILED a\\u000d\\u000aBcc: all.qcow2']);
});

it('an image that brings down whoever reads it is given up in time, unread', async () => {
  const run = aRun({ verdict: null, since: '2020-01-01T00:00:00.000Z' });
  await expect(inspectSource(deploymentOf({}), run)).rejects.toMatchObject({ code: 'INSPECTION_GIVEN_UP' });
});

describe('an object that arrived', () => {
  const opened: Run[] = [];
  const arrive = (head: object) =>
    takeUp(
      deploymentOf(
        { objectStorage: { headObject: () => ({ eTag: 'e', contentLength: 1, opcMeta: {}, ...head }) } },
        {
          deadline: NO_DEADLINE,
          runs: {
            async open(run: Run) {
              opened.push(run);
              return { stored: { value: run, eTag: '1' }, opened: true };
            },
            async get() {
              return undefined;
            },
            async advance({ value, eTag }: { value: Run; eTag: string }, fact: never, policy: never) {
              return { stored: { value: advance(value, fact, policy).run, eTag }, written: true };
            },
          },
        },
      ),
      { region: 'us-ashburn-1', namespace: 'ns', bucket: 'drop', object: 'disk.qcow2' },
    );

  it.each(['Archived', 'Restoring'])(
    'and is %s is refused with the way to restore it',
    async (archivalState) => {
      const taken = await arrive({ archivalState });
      expect(taken.stored?.value).toMatchObject({
        state: 'REFUSED',
        untold: 'REFUSED',
        failure: { code: 'SOURCE_ARCHIVED', remedy: expect.stringContaining('oci os object restore') },
      });
    },
  );

  it('and is Restored is read', async () => {
    expect((await arrive({ archivalState: 'Restored' })).stored?.value.state).toBe('OPEN');
  });

  it("and says that it is a copy of a run's is refused where there is no such run: it may be another deployment's", async () => {
    const taken = await arrive({ opcMeta: { 'opc-meta-byoi-run': 'a'.repeat(26) } });
    expect(taken.stored?.value).toMatchObject({
      state: 'REFUSED',
      untold: 'REFUSED',
      failure: {
        code: 'COPY_OF_ANOTHER_DEPLOYMENT',
        remedy: expect.stringContaining('opc-meta-byoi-run'),
      },
    });
  });
});
