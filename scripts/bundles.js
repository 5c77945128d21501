import { existsSync } from 'node:fs'

/**
 * What the package's `exports` and `bin` name, and the module each is built from. Dynamic imports
 * stay chunks of their own, so that a command loads what it needs and nothing else.
 */
export const ENTRIES = {
  cli: './src/cli/main.ts',
  index: './src/index.ts',
  config: './src/config/index.ts',
  browser: './src/config/browser.ts',
  client: './src/config/client.ts',
  testing: './src/testing/index.ts',
}

export const input = {
  input: Object.fromEntries(Object.entries(ENTRIES).filter(([, file]) => existsSync(file))),
  platform: 'node',
  /** Packages are installed beside us, never bundled: one copy, and their own licences. */
  external: /^(?![./]).+/,
  transform: { target: 'node24' },
  treeshake: { moduleSideEffects: false },
}

export const output = {
  format: 'esm',
  comments: false,
  chunkFileNames: 'chunks/[name]-[hash].js',
}
