import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/*.slow.test.ts'],
    globalSetup: 'test/support/own-tmp.ts',
    pool: 'forks',
    // Many tests wait for sockets, timers and processes: more of them than cores, half the time.
    maxWorkers: Math.max(4, availableParallelism()),
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What a poll waits for comes: how soon is the machine's business.
    expect: { poll: { timeout: 10_000 } },
  },
})
