// What an example imports as `coffer` is this repository's source.
import { registerHooks } from 'node:module'

const ENTRIES = {
  coffer: '../../src/index.ts',
  'coffer/config': '../../src/config/index.ts',
}

registerHooks({
  resolve: (specifier, context, next) =>
    Object.hasOwn(ENTRIES, specifier)
      ? { url: new URL(ENTRIES[specifier], import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
})
