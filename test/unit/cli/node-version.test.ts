import { expect, it } from 'vitest';
import { checkNodeVersion, NodeTooOldError } from '../../../cli/node-version.ts';
import manifest from '../../../package.json' with { type: 'json' };

it.each(['18.20.8', '20.18.9', '9.99.0'])('Node.js %s is told to be too old', (version) => {
  expect(() => checkNodeVersion(version, '>=20.19')).toThrow(NodeTooOldError);
});

it.each(['20.19.0', '20.20.1', '22.0.0', '24.4.0', '100.0.0'])('Node.js %s will do', (version) => {
  expect(() => checkNodeVersion(version, '>=20.19')).not.toThrow();
});

it('the range is that of the package, in the form that is understood', () => {
  expect(manifest.engines.node).toMatch(/^>=\d+\.\d+$/);
  const [, least] = manifest.engines.node.split('=');
  expect(() => checkNodeVersion(`${least}.0`)).not.toThrow();
  expect(() => checkNodeVersion('0.12.0')).toThrow(NodeTooOldError);
});
