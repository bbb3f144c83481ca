import { basename } from 'node:path';

/**
 * esbuild's output files with what its metafile knows of them; the dynamic imports between them are corrected.
 *
 * @returns {{ path: string, name: string, text: string, entryPoint?: string, isThirdParty: boolean,
 *   imports: string[] }[]} `imports`: the names of the chunks it may load
 */
export function readOutputs(metafile, outputFiles) {
  const known = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  return outputFiles.map(({ path, text }) => {
    const name = basename(path);
    const output = known.get(name);
    return {
      path,
      name,
      text: unwrapCommonJs(text, known),
      entryPoint: output.entryPoint,
      imports: output.imports.filter(({ external }) => !external).map((chunk) => basename(chunk.path)),
      isThirdParty: isThirdParty(output),
    };
  });
}

/**
 * Where esbuild splits, `import('oci-core')` of a CommonJS package gives a namespace with nothing but `default`,
 * although Node itself and esbuild without splitting give the package's exports.
 */
function unwrapCommonJs(text, outputs) {
  return text.replace(/\bimport\("(\.[^"]+)"\)/g, (expression, path) =>
    isCommonJs(outputs.get(basename(path))) ? `${expression}.then((chunk) => chunk.default)` : expression,
  );
}

const isCommonJs = (output) =>
  output !== undefined && output.exports.join() === 'default' && isThirdParty(output);

const isThirdParty = ({ inputs }) =>
  Object.keys(inputs).every((path) => /(^|\/)node_modules\/|^polyfill:/.test(path));
