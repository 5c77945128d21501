import { providerContract } from '../../testing/provider-contract.ts'
import { memory } from './memory.ts'

providerContract('memory', () => {
  const provider = memory({ env: {}, options: {} })
  return {
    provider,
    key: (word) => word,
    put: (key, text) => provider.set(key, text),
    remove: (key) => provider.delete(key),
  }
})
