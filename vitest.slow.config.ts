import { defineConfig } from 'vitest/config'

/** What takes longer than a person waits: heavier fault, crash and load tests. */
export default defineConfig({
  test: {
    include: ['src/**/*.slow.test.ts', 'test/**/*.slow.test.ts'],
    globalSetup: 'test/support/own-tmp.ts',
    pool: 'forks',
    testTimeout: 600_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 30_000 } },
  },
})
