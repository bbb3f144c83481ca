/** The SDK's retrier prints every failed call, a 404 that was asked for too; byoi reports errors itself, once. */
const RETRIER_NOISE = /^(Request cannot be retried|All retry attempts have exhausted)/;
const warn = console.warn;

console.warn = (...values: unknown[]) => {
  if (typeof values[0] !== 'string' || !RETRIER_NOISE.test(values[0])) warn(...values);
};

// The SDK calls url.parse, of which Node 24 warns outside node_modules, where bundling has put it.
process.noDeprecation = true;
