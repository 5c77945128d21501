import { CofferError } from '../../core/errors.ts'
import type { Seal, SealContext } from '../../core/ports/seal.ts'
import type { JsonObject } from '../../core/value.ts'
import { parseRootKey } from '../../crypto/root-key.ts'

/**
 * The root key in an environment variable: `COFFER_MASTER_KEY`, then `OBSERVABILITY_MASTER_KEY`; the
 * option `variable` names another. The first that is set decides: when it is malformed it is
 * refused, and the next is not tried. Coffer never makes this key.
 */
export const environment: Seal = {
  kind: 'environment',
  summary: 'the key in COFFER_MASTER_KEY or OBSERVABILITY_MASTER_KEY',
  options: { variable: 'the name of another variable that has the key' },
  ready: (context) => candidates({}, context).some((name) => context.env[name] !== undefined),
  establish: async (context) => {
    const { name, rootKey } = readKey({}, context)
    return { rootKey, params: { variable: name } }
  },
  unseal: async (params, context) => readKey(params, context).rootKey,
}

const VARIABLES: readonly string[] = ['COFFER_MASTER_KEY', 'OBSERVABILITY_MASTER_KEY']
const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/

function readKey(
  params: JsonObject,
  context: SealContext,
): { readonly name: string; readonly rootKey: Uint8Array } {
  const names = candidates(params, context)
  for (const name of names) {
    const text = context.env[name]
    if (text !== undefined) return { name, rootKey: parseRootKey(text, name) }
  }
  throw new CofferError('sealed', `The root key is not in the environment: set ${names[0]}.`)
}

/** A variable of the user's own choice stands alone, also when the keyring remembers it. */
function candidates(params: JsonObject, context: SealContext): readonly string[] {
  const named = context.options['variable'] ?? params['variable']
  if (named === undefined || VARIABLES.includes(named as string)) {
    return context.options['variable'] === undefined ? VARIABLES : [named as string]
  }
  if (typeof named !== 'string' || !NAME.test(named)) {
    throw new CofferError('invalid_argument', 'The name of the key variable is not a legal one.', {
      remedy: 'Use letters, digits and _, at most 128 of them.',
    })
  }
  return [named]
}
