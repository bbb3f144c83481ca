import { readFile } from 'node:fs/promises';

/**
 * The barrels of the OCI SDK (`oci-core/lib/model/index.js` re-exports 1,200 files) as getters: a model is evaluated
 * when it is first used. Tree shaking cannot do it, since the SDK is CommonJS.
 */
export const lazyBarrels = {
  name: 'lazy-barrels',
  setup(build) {
    build.onLoad(
      { filter: /[\\/]oci-[a-z]+[\\/]lib[\\/](model|request|response)[\\/]index\.js$/ },
      async ({ path }) => ({
        contents: toGetters(path, await readFile(path, 'utf8')),
      }),
    );
  },
};

/** What tsc makes of `import * as x from './x'; export import X = x.X;`, which is all that a barrel holds. */
const IMPORT = /^const (\w+) = __importStar\(require\("(.+)"\)\);$/;
const EXPORT = /^exports\.(\w+) = (\w+)\.(\w+);$/;

/** @throws where the SDK's generator writes something else than `IMPORT` and `EXPORT`: then this file must follow it */
export function toGetters(path, source) {
  const files = new Map();
  const getters = [];
  for (const line of source.split('\n')) {
    const [, variable, file] = IMPORT.exec(line) ?? [];
    if (file) files.set(variable, file);
    const [, name, owner, member] = EXPORT.exec(line) ?? [];
    if (name)
      getters.push(
        `lazy(${JSON.stringify(name)}, () => require(${JSON.stringify(files.get(owner))}).${member});`,
      );
  }
  const requires = source.match(/\brequire\(/g)?.length ?? 0;
  if (files.size !== requires)
    throw new Error(`${path}: ${requires} files required, ${files.size} understood.`);
  return [
    "Object.defineProperty(exports, '__esModule', { value: true });",
    'const lazy = (name, get) => Object.defineProperty(exports, name, { enumerable: true, get });',
    ...getters,
  ].join('\n');
}

/** Node has had fetch and promises of its own since 18; the SDK loads these three all the same. */
const POLYFILLS = {
  'isomorphic-fetch': '',
  'node-fetch': 'module.exports = globalThis.fetch;',
  'es6-promise': 'exports.polyfill = () => {};',
};

export const withoutPolyfills = {
  name: 'without-polyfills',
  setup(build) {
    const filter = new RegExp(`^(${Object.keys(POLYFILLS).join('|')})$`);
    build.onResolve({ filter }, ({ path }) => ({ path, namespace: 'polyfill' }));
    build.onLoad({ filter: /./, namespace: 'polyfill' }, ({ path }) => ({ contents: POLYFILLS[path] }));
  },
};
