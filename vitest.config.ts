import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

/** `npm test` needs Node and npm only; `npm run test:judges` needs someone else's programs as well. */
export default defineConfig({
  test: {
    // What code and SDK print is of interest where a test fails, and nowhere else.
    silent: 'passed-only',
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Vitest leaves one processor idle, which is half of CI's.
    maxWorkers: availableParallelism(),
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { extends: true, test: { name: 'fuzz', include: ['test/fuzz/**/*.test.ts'], testTimeout: 7_200_000 } },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/e2e/build.ts'],
          testTimeout: 60_000,
          // Each file has a cloud of its own, and waits more than it works.
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'judges',
          include: ['test/judges/**/*.test.ts'],
          globalSetup: ['test/e2e/build.ts'],
          testTimeout: 300_000,
          maxWorkers: 2,
        },
      },
      {
        extends: true,
        test: {
          name: 'chaos',
          include: ['test/chaos/**/*.test.ts'],
          globalSetup: ['test/e2e/build.ts'],
          testTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'boot',
          include: ['test/boot/**/*.test.ts'],
          globalSetup: ['test/boot/build.ts'],
          testTimeout: 1_800_000,
          // Each boot keeps two cores busy.
          maxConcurrency: 2,
        },
      },
    ],
  },
});
