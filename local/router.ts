import type { Operation } from './api.ts';
import { OciError } from './errors.ts';

interface Route {
  readonly operation: Operation;
  readonly pattern: RegExp;
}

/** Finds the operation of a request by method and raw (still percent-encoded) path. */
export class Router {
  readonly #routes: Route[];

  /** @param operations the first that fits wins: list the more specific path first */
  constructor(operations: readonly Operation[]) {
    this.#routes = operations.map((operation) => ({ operation, pattern: compile(operation.path) }));
  }

  /** @returns undefined where no operation has this path and method */
  find(
    method: string,
    rawPath: string,
  ): { operation: Operation; params: Record<string, string> } | undefined {
    for (const { operation, pattern } of this.#routes) {
      if (operation.method !== method) continue;
      const match = pattern.exec(rawPath);
      if (match) return { operation, params: decode(match.groups ?? {}) };
    }
    return undefined;
  }
}

/** Parameter names are identifiers, so that they can be the pattern's group names. */
function compile(path: string): RegExp {
  const source = path.replace(/[.*?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)(\+?)\}/g, (_, name, rest) => {
    return rest ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`;
  });
  // A trailing slash is part of an object's name, and of nothing else's.
  return new RegExp(path.endsWith('+}') ? `^${source}$` : `^${source}/?$`, 's');
}

function decode(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw new OciError(400, 'InvalidParameter', 'The path is not valid percent-encoded UTF-8.');
  }
}
