import { CofferError } from '../../core/errors.ts'
import type { ReadAnswer } from '../../core/ports/coffer.ts'
import type { Provider, ProviderAnswer } from '../../core/ports/provider.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'

/** Secrets of a Coffer: the key is a path; each read is decided and audited by it. */
export function coffer({ coffer, options }: ProviderContext): Provider {
  checkOptions('coffer', options, [])
  if (coffer === undefined) {
    throw new CofferError('invalid_argument', 'The provider coffer needs a Coffer.')
  }
  return {
    kind: 'coffer',
    batchMax: 100,
    async resolve(refs) {
      try {
        const asked = refs.map(({ key, label, version }) => ({ path: key, label, version }))
        return (await coffer.readMany(asked)).map(translate)
      } catch (error) {
        return refs.map(() => ({ error }))
      }
    },
    watch: (ref, changed, failed) => coffer.watch(ref.key, changed, failed),
  }
}

function translate(answer: ReadAnswer): ProviderAnswer {
  if ('error' in answer || answer.value === undefined) return answer
  const { secret, version, envName } = answer.value
  return { value: { secret, version, envName } }
}
