import { defineConfig } from 'vitest/config'

/**
 * `fast` is `npm test`: everything that needs nothing but npm. `browser` needs Chromium. Suites that need
 * Decred's own programs run through test/simnet/run.ts, which looks for them first.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: ['test/browser/**', 'test/simnet/**'],
          testTimeout: 60_000,
        },
      },
      { test: { name: 'browser', include: ['test/browser/**/*.test.ts'], testTimeout: 120_000 } },
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
