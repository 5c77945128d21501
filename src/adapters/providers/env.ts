import { CofferError } from '../../core/errors.ts'
import { OWN_KEYS } from '../../core/own-keys.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { textSecret } from '../../core/secret.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'

/**
 * Variables of the process environment: the key is a name. An empty variable is an empty value,
 * an unset one is absent. Coffer's own keys are `denied`: who writes a manifest would have them handed
 * to the program that `coffer run` starts. Cannot be watched: a process's environment is its own.
 */
export function env({ env, options }: ProviderContext): Provider {
  checkOptions('env', options, [])
  return {
    kind: 'env',
    batchMax: 500,
    resolve: (refs) =>
      answerPlain(refs, (name) => {
        if (OWN_KEYS.includes(name.toUpperCase())) return { error: ownKey(name) }
        const text = Object.hasOwn(env, name) ? env[name] : undefined
        return {
          value: text === undefined ? undefined : { secret: textSecret(`env:${name}`, text) },
        }
      }),
  }
}

const ownKey = (name: string) =>
  new CofferError('denied', `${name} is a key of Coffer's own, and no secret of a project.`, {
    remedy: 'Refer to another variable, or store the value as a secret.',
  })
