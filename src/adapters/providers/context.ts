import { CofferError } from '../../core/errors.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Provider, ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import type { SecretValue } from '../../core/value.ts'
import type { OfflineUse } from '../net/guarded.ts'

export type { OfflineUse }

/** Everything a provider may use of the world. */
export interface ProviderContext {
  readonly coffer?: Coffer | (() => Promise<Coffer>) | undefined
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the configuration says for this provider: `{ dir: '/run/secrets' }`. */
  readonly options: Readonly<Record<string, string | undefined>>
  /** The options stand in a file of the project, and not in code: see `checkConsent`. */
  readonly declared?: boolean | undefined
  readonly values?: Readonly<Record<string, SecretValue>> | undefined
  /**
   * Told when values come from an offline cache; default: a warning of the process. `false`: they
   * never do.
   */
  readonly onOffline?: ((used: OfflineUse) => void) | false | undefined
}

export type ProviderFactory = (context: ProviderContext) => Provider

/** @throws CofferError `invalid_argument` for an option that the provider does not have */
export function checkOptions(
  kind: string,
  options: ProviderContext['options'],
  known: readonly string[],
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const names = known.length === 0 ? 'no options' : `the options ${known.join(', ')} only`
  throw new CofferError('invalid_argument', `The provider ${kind} has ${names}.`, {
    remedy: `Take ${JSON.stringify(unknown)} out of its options, or spell it as one of them.`,
  })
}

/** How a server of Coffer is reached, and who asks it. */
export const SERVER_OPTIONS = [
  'address',
  'allowHttp',
  'caFile',
  'tokenFile',
  'roleId',
  'secretIdFile',
  'jwtFile',
  'jwtFrom',
  'audience',
  'role',
  'mount',
] as const

/**
 * Whether options of a provider `coffer` say anything of a server: it is asked then, and not the
 * Coffer that was given.
 */
export const isServerOfItsOwn = (options: ProviderContext['options']): boolean =>
  SERVER_OPTIONS.some((name) => options[name] !== undefined)

/** Whether the process or the configuration names a server to ask, where no Coffer was given. */
export const namesServer = ({ env, options }: Pick<ProviderContext, 'env' | 'options'>): boolean =>
  (options.address ?? env.COFFER_ADDR ?? '') !== ''

/** For places that keep one value per key: a reference to a label or version is refused. */
export async function answerPlain(
  refs: readonly ProviderRef[],
  answer: (key: string) => ProviderAnswer | Promise<ProviderAnswer>,
): Promise<ProviderAnswer[]> {
  return Promise.all(
    refs.map(async (ref) => {
      if (ref.label !== undefined || ref.version !== undefined) return { error: noVersions(ref) }
      try {
        return await answer(ref.key)
      } catch (error) {
        return { error }
      }
    }),
  )
}

const noVersions = ({ provider }: ProviderRef) =>
  new CofferError('invalid_reference', `The provider ${provider} keeps no labels and no versions.`)
