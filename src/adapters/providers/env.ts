import type { Provider } from '../../core/ports/provider.ts'
import { textSecret } from '../../core/secret.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'

/**
 * Variables of the process environment: the key is a name. An empty variable is an empty value,
 * an unset one is absent. Cannot be watched: a process's environment is its own.
 */
export function env({ env, options }: ProviderContext): Provider {
  checkOptions('env', options, [])
  return {
    kind: 'env',
    batchMax: 500,
    resolve: (refs) =>
      answerPlain(refs, (name) => {
        const text = Object.hasOwn(env, name) ? env[name] : undefined
        return {
          value: text === undefined ? undefined : { secret: textSecret(`env:${name}`, text) },
        }
      }),
  }
}
