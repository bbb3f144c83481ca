'use strict';
// The entry of a built function. Its chunks are compiled from V8's code cache where this Node can use it
// (the same V8 and the same V8 flags as the build's), and from their text everywhere else.
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { Script } = require('node:vm');

/** Chunks by file name; `script` is what the build makes the code cache from. */
const chunks = new Map();

function load(name) {
  const loaded = chunks.get(name);
  if (loaded) return loaded.module.exports;
  const filename = join(__dirname, name);
  // The build writes ASCII only: Latin-1 is read without decoding, and takes one byte a character.
  const source = `(function (exports, require, module) {${readFileSync(filename, 'latin1')}\n})`;
  const script = new Script(source, { filename, cachedData: readIfThere(`${filename}.cache`) });
  const module = { exports: {} };
  chunks.set(name, { module, script, filename });
  script.runInThisContext()(module.exports, requireChunk, module);
  return module.exports;
}

const requireChunk = (id) => (id.startsWith('./') ? load(id.slice(2)) : require(id));

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

module.exports = { chunks };
load(ENTRY);
