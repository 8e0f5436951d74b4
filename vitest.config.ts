import { defineConfig } from 'vitest/config'

/**
 * `fast` is `npm test`: everything that needs nothing but npm. `browser` needs Chromium. Suites that need Decred's own programs, a real
 * EventStoreDB or Go run through test/simnet/run.ts, test/eventstoredb/run.ts and test/interop/run.ts, which look for them first.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/browser/**',
            'test/simnet/**',
            'test/interop/**',
            'test/eventstoredb/real-server/**',
          ],
          setupFiles: ['test/support/check-api-answers.ts'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 120_000 } },
      {
        test: {
          name: 'eventstoredb',
          include: ['test/eventstoredb/real-server/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 30_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'interop',
          include: ['test/interop/**/*.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'simnet',
          include: ['test/simnet/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
