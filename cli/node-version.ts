import manifest from '../package.json' with { type: 'json' };
import { ByoiError } from '../shared/errors.ts';

/** npm only warns where a package is installed on a Node older than its `engines`. */
export class NodeTooOldError extends ByoiError {
  override readonly name = 'NodeTooOldError';

  constructor(version: string, range: string) {
    super(
      'NODE_TOO_OLD',
      `byoi needs Node.js ${numbersIn(range).join('.')} or later, and this is ${version}.`,
      'Install a newer Node.js.',
    );
  }
}

/**
 * @param version as of `process.versions.node`
 * @param range `>=MAJOR.MINOR`
 * @throws {NodeTooOldError}
 */
export function checkNodeVersion(version: string, range = manifest.engines.node): void {
  const [major = 0, minor = 0] = numbersIn(version);
  const [leastMajor = 0, leastMinor = 0] = numbersIn(range);
  if (major < leastMajor || (major === leastMajor && minor < leastMinor))
    throw new NodeTooOldError(version, range);
}

const numbersIn = (text: string): number[] => (text.match(/\d+/g) ?? []).map(Number);
