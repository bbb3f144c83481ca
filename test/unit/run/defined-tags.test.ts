import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { definedTagsOf, lostTags } from '../../../shared/drive/image-tags.ts';
import {
  isSystemNamespace,
  MAX_DEFINED_TAGS,
  mergeDefinedTags,
  tagNames,
} from '../../../shared/run/defined-tags.ts';
import type { SourceImage } from '../../../shared/run/run.ts';
import { anImageRun } from '../../support/facts.ts';
import { aRun, aVerdict } from '../../support/runs.ts';

const many = (namespace: string, count: number) => ({
  [namespace]: Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, `${index}`])),
});

describe('the defined tags of an image', () => {
  it('are those of config.json where it is no copy', () => {
    expect(definedTagsOf(aRun({ definedTags: { A: { b: '1' } } }))).toEqual({ A: { b: '1' } });
  });

  it('are those of config.json and of the source image, whose own value wins in whatever case', () => {
    const configured = { Operations: { CostCenter: '42', Stage: 'production' }, Finance: { Account: 'A' } };
    const carried = { operations: { COSTCENTER: '7', Owner: 'web' } };
    expect(mergeDefinedTags(configured, carried)).toEqual({
      // OCI would not know what to make of one namespace in two spellings.
      tags: { operations: { COSTCENTER: '7', Stage: 'production', Owner: 'web' }, Finance: { Account: 'A' } },
      lost: [],
    });
  });

  it('are as many as OCI takes: the source image’s that find no room are told', () => {
    const image = { ...(anImageRun().image as SourceImage), definedTags: many('Source', 60) };
    const run = { ...anImageRun(), image, definedTags: many('Required', 6) };
    const tags = definedTagsOf(run);
    expect(Object.keys(tags.Required ?? {})).toHaveLength(6);
    expect(tagNames(tags)).toHaveLength(MAX_DEFINED_TAGS);
    expect(lostTags(run, aVerdict())).toMatchObject([
      { code: 'TAGS_NOT_CARRIED', sentence: expect.stringContaining(': Source.k58, Source.k59 found') },
    ]);
  });

  it('whatever they are: no name twice, all that is configured, none lost without need', () => {
    const name = fc.constantFrom('a', 'A', 'b', '__proto__', 'constructor', '7');
    const carriedTags = fc.dictionary(name, fc.dictionary(fc.string(), fc.string(), { maxKeys: 50 }));
    const configuredTags = fc.constantFrom({}, { a: { b: '1' } }, many('b', 9), many('c', MAX_DEFINED_TAGS));
    fc.assert(
      fc.property(configuredTags, carriedTags, (configured, carried) => {
        const { tags, lost } = mergeDefinedTags(configured, carried);
        const names = tagNames(tags);
        const wanted = new Set([...tagNames(configured), ...tagNames(carried)]);
        expect(new Set(names).size).toBe(names.length);
        expect(names).toEqual(expect.arrayContaining(tagNames(configured)));
        expect(names).toHaveLength(Math.min(wanted.size, MAX_DEFINED_TAGS));
        expect(names.length + lost.length).toBe(wanted.size);
      }),
    );
  });
});

it.each(['Oracle-Tags', 'oracle-tags', 'ORCL-CLOUD'])('%s is OCI’s own', (namespace) => {
  expect(isSystemNamespace(namespace)).toBe(true);
});
