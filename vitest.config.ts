import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** Without Decred's own programs, Chromium, Go or a real EventStoreDB. */
const npmAlone = { setupFiles: ['test/support/check-api-answers.ts'], testTimeout: 60_000 }

/** Tests whose bounds of time, memory or chance of being killed hold for a machine that does nothing else. */
const alone = [
  'test/adapters/http/{events,refreshes,server}.test.ts',
  'test/adapters/stratum/listener.test.ts',
  'test/crash/**/*.test.ts',
  'test/hostile/{requests,slow,stratum}.test.ts',
  'test/integration/{hazards,sessions}.test.ts',
]

/**
 * `fast` and then `alone` are `npm test`: everything that needs nothing but npm. `browser` needs Chromium. Suites that need Decred's own
 * programs, a real EventStoreDB or Go run through test/simnet/run.ts, test/eventstoredb/run.ts and test/interop/run.ts, which look for
 * them first.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...npmAlone,
          name: 'fast',
          include: ['test/**/*.test.ts'],
          exclude: [
            'test/browser/**',
            'test/simnet/**',
            'test/interop/**',
            'test/eventstoredb/real-server/**',
            ...alone,
          ],
          // Vitest would leave a core to itself, which on two cores is half of them.
          maxWorkers: Math.max(2, availableParallelism() - 1),
        },
      },
      // Vitest runs projects without file parallelism after the others, a file at a time.
      { test: { ...npmAlone, name: 'alone', include: alone, fileParallelism: false } },
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
