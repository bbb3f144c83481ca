import { describe, expect, test } from 'vitest';
import { json, painter } from '../../../cli/output.ts';
import { renderDoctor } from '../../../cli/render-doctor.ts';
import { publicRun, RUN_STATES, renderOutcome, renderRun } from '../../../cli/render-run.ts';
import { renderVerdict, summarizeVerdict } from '../../../cli/render-verdict.ts';
import { A_SOURCE, aBranch, aRun, aVerdict, PAR_SECRET } from '../../support/runs.ts';

const plain = painter({ colours: false });

describe('a verdict', () => {
  const rejected = aVerdict({
    format: 'vpc',
    variant: null,
    launchMode: null,
    problems: [
      {
        code: 'FORMAT_UNSUPPORTED',
        severity: 'reject',
        sentence: 'OCI does not import VHD.',
        remedy: 'qemu-img convert',
      },
      { code: 'DRIVERS_NOT_READ', severity: 'warn', sentence: 'Drivers were not read.', remedy: '' },
    ],
  });

  test('shows what it is, how it is launched, the evidence with its source, and the cost', () => {
    expect(renderVerdict(aVerdict(), plain)).toBe(
      `  Image        qcow2 v3, 2 GiB virtual disk
  System       Debian 12, x86_64
  Launch mode  PARAVIRTUALIZED
  Firmware     UEFI_64
  Confidence   low
  Read         3 requests, 128 KiB, 12 ms

Evidence
  - GPT with an EFI system partition (partition table)
`,
    );
  });

  test('shows problems with their remedies, refusals apart from warnings', () => {
    expect(renderVerdict(rejected, plain)).toMatch(
      /Problems\n {2}refused FORMAT_UNSUPPORTED: .*\n {4}qemu-img convert\n {2}warning DRIVERS_NOT_READ: .*\n$/,
    );
  });

  test('in a line is how it is launched, or why it is refused', () => {
    expect(summarizeVerdict(aVerdict({ firmware: null }))).toBe(
      'qcow2 v3, 2 GiB, PARAVIRTUALIZED, confidence low',
    );
    expect(summarizeVerdict(rejected)).toBe('FORMAT_UNSUPPORTED: OCI does not import VHD.');
  });
});

describe('a run', () => {
  test('shows object, state, each region with its step and image, licence and verdict', () => {
    const text = renderRun(
      aRun({
        attestation: {
          text: 'ACME',
          how: 'command',
          by: 'ocid1.user.oc1..one',
          at: '2025-01-02T00:00:00.000Z',
        },
        branches: [
          aBranch(),
          aBranch({
            id: 'eu-zurich-1',
            region: 'eu-zurich-1',
            step: 'done',
            imageId: 'ocid1.image.oc1.zrh.two',
          }),
        ],
      }),
      plain,
    );
    for (const part of [
      /^abcdefgh234567abcdefgh2345 {2}OPEN\n/,
      /oci:\/\/drop@ns\/debian-12\.qcow2/,
      /12 MiB, eTag e-tag-1/,
      /Licence +ACME\n +by command, ocid1\.user\.oc1\.\.one/,
      /us-ashburn-1\n +Step +import: importing 40 %\n +Image +ocid1\.image\.oc1\.iad\.one/,
      /eu-zurich-1\n +Step +done: image ready\n +Image +ocid1\.image\.oc1\.zrh\.two/,
      /Launch mode +PARAVIRTUALIZED/,
    ]) {
      expect(text).toMatch(part);
    }
  });

  test('shows failures and warnings with their remedies', () => {
    const failure = { code: 'IMPORT_FAILED', sentence: 'It failed.', remedy: 'Do this.' };
    const warning = { code: 'SHAPE_NOT_ADDED', sentence: 'A shape is missing.', remedy: 'Add it.' };
    const branches = [aBranch({ step: 'done', failure, warnings: [warning] })];
    const text = renderRun(aRun({ state: 'FAILED', failure, branches }), plain);
    expect(text).toMatch(/failure IMPORT_FAILED: It failed\.\n +Do this\.\n\nus-ashburn-1/);
    expect(text).toMatch(/warning SHAPE_NOT_ADDED: A shape is missing\.\n +Add it\./);
  });

  test('that ended before its import began names no step of it', () => {
    const branches = [aBranch({ step: 'authorize', history: aBranch().history.slice(0, 1) })];
    expect(renderRun(aRun({ state: 'REFUSED', branches }), plain)).toMatch(
      /us-ashburn-1\n +Step +not begun\n/,
    );
    expect(renderRun(aRun({ state: 'OPEN', branches }), plain)).toMatch(/Step +authorize: making a/);
  });

  test('that is held shows how to attest its licence', () => {
    expect(renderRun(aRun({ state: 'NEEDS_LICENSE' }), plain)).toContain(
      'byoi runs attest abcdefgh234567abcdefgh2345 --license',
    );
  });

  test.each(RUN_STATES)(
    'in state %s shows no URL of a pre-authenticated request, as text or JSON',
    (state) => {
      const run = aRun({ state: state as ReturnType<typeof aRun>['state'] });
      expect(JSON.stringify(run)).toContain(PAR_SECRET);
      expect(renderRun(run, plain)).not.toContain(PAR_SECRET);
      expect(JSON.stringify(publicRun(run))).not.toContain(PAR_SECRET);
      expect(json(publicRun(run))).toContain('"par-1"');
    },
  );

  test('shows names from outside without what a terminal acts upon', () => {
    const run = aRun();
    const hostile = '\u001b]0;x\u0007';
    const text = renderRun(
      {
        ...run,
        source: { ...A_SOURCE, object: hostile, eTag: hostile },
        branches: [
          aBranch({ displayName: hostile, failure: { code: 'X', sentence: hostile, remedy: hostile } }),
        ],
        verdict: aVerdict({
          format: hostile,
          operatingSystem: hostile,
          evidence: [{ fact: hostile, source: hostile }],
        }),
        attestation: { text: hostile, how: 'metadata', by: null, at: '' },
      },
      plain,
    );
    expect(text.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(text.split('\\u001b]0;x\\u0007')).toHaveLength(11);
  });
});

describe('the outcome of a run', () => {
  const failure = { code: 'IMPORT_FAILED', sentence: 'OCI failed it.', remedy: 'Look.' };

  test('names the image of each region, with what is amiss of it', () => {
    const warnings = [{ code: 'SHAPE_NOT_ADDED', sentence: 'A shape is missing.', remedy: 'Add it.' }];
    const branches = [aBranch({ step: 'done', warnings })];
    expect(renderOutcome(aRun({ state: 'SUCCEEDED', branches }), plain)).toMatch(
      /^debian-12\.qcow2 {2}SUCCEEDED\n[\s\S]*\nImage\n {2}us-ashburn-1 {2}ocid1\.image\.oc1\.iad\.one\n {4}warning SHAPE_NOT_ADDED: A shape is missing\.\n {6}Add it\.\n$/,
    );
  });

  test('that failed is the failure, and names no image that is not there any more', () => {
    const text = renderOutcome(
      aRun({ state: 'FAILED', failure, branches: [aBranch({ step: 'done', failure })] }),
      plain,
    );
    expect(text).toMatch(/\nFailure\n {2}failed IMPORT_FAILED: OCI failed it\.\n {4}Look\.\n$/);
    expect(text).not.toContain('ocid1.image');
  });

  test('that is a refusal tells it once, among the problems of the verdict', () => {
    const verdict = aVerdict({ problems: [{ ...failure, severity: 'reject' }] });
    const text = renderOutcome(aRun({ state: 'REFUSED', failure, verdict, branches: [] }), plain);
    expect(text.split('IMPORT_FAILED')).toHaveLength(2);
    expect(text).not.toMatch(/^(Failure|Image)$/m);
  });
});

test.each([
  [1, 'not ready (1 problem)'],
  [2, 'not ready (2 problems)'],
])('the doctor counts %i as people do', (number, verdict) => {
  const finding = {
    level: 'problem',
    code: 'BUCKET_MISSING',
    sentence: 'It is not there.',
    remedy: '',
  } as const;
  const findings = Array.from({ length: number }, () => finding);
  const shown = renderDoctor([{ check: 'drop bucket', level: 'problem', findings }], plain);
  expect(shown.trimEnd().split('\n').at(-1)).toBe(verdict);
});
