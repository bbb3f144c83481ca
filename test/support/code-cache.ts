/** A program that prints, as JSON, the chunks of its folder whose code cache this Node, with these flags, does not take. */
export const PRINT_REJECTED = `
const { readdirSync, readFileSync } = require('node:fs');
const { Script } = require('node:vm');
const rejected = readdirSync('.').filter((file) => file.endsWith('.cache')).filter((file) => {
  const source = '(function (exports, require, module) {' + readFileSync(file.slice(0, -6), 'latin1') + '\\n})';
  return new Script(source, { cachedData: readFileSync(file) }).cachedDataRejected;
});
console.log(JSON.stringify(rejected));
`;
