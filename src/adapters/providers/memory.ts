import type { Provider, ProviderRef } from '../../core/ports/provider.ts'
import { Secret } from '../../core/secret.ts'
import { decoderOf, encodeValue } from '../../core/value.ts'
import type { SecretValue } from '../../core/value.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'

export interface MemoryProvider extends Provider {
  /** Watchers of this key are told at once. */
  set(key: string, value: SecretValue): void
  delete(key: string): void
}

/** Values in this process, for tests. */
export function memory({ values = {}, options }: ProviderContext): MemoryProvider {
  checkOptions('memory', options, [])
  const held = new Map(Object.entries(values))
  const watching = new Set<{ key: string; changed: () => void }>()
  const tell = (key: string) => {
    for (const watch of watching) if (watch.key === key) watch.changed()
  }
  return {
    kind: 'memory',
    batchMax: 500,
    resolve: (refs) =>
      answerPlain(refs, (key) => {
        const value = held.get(key)
        if (value === undefined) return { value: undefined }
        const { bytes, encoding } = encodeValue(value)
        return { value: { secret: new Secret({ name: key, bytes, decode: decoderOf(encoding) }) } }
      }),
    watch({ key }: ProviderRef, changed) {
      const watch = { key, changed }
      watching.add(watch)
      return () => watching.delete(watch)
    },
    set(key, value) {
      held.set(key, value)
      tell(key)
    },
    delete(key) {
      held.delete(key)
      tell(key)
    },
  }
}
