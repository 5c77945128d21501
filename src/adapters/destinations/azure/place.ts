import type { SecretClient } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { Destination, DestinationEntry } from '../../../core/ports/destination.ts'
import { several } from '../../net/several.ts'
import { attempted } from '../attempt.ts'
import { callerOf } from './call.ts'
import type { AzureVault } from './call.ts'
import { changerOf } from './change.ts'
import { entryOf } from './marks.ts'

/** A vault as a place of delivery. */
export function azurePlace(vault: AzureVault): Destination {
  const call = callerOf(vault)
  const changer = changerOf(vault, call)
  return {
    kind: 'azure',
    id: `azure:${vault.host}`,
    readable: true,
    marks: true,
    batchMax: 40,
    limits: {
      name: { pattern: /^[0-9a-zA-Z-]+$/, says: 'letters, digits and -', charsMax: 127 },
      valueBytesMax: 25_600,
      textOnly: true,
    },
    async list({ signal }, names) {
      const entries = await call(signal, everything, undefined, LIST_TIMEOUT_MS)
      // What is there as `API-KEY` is what somebody asks for as `api-key`.
      const asked = new Map(names.map((name) => [name.toLowerCase(), name]))
      return entries.map((one) => ({ ...one, name: asked.get(one.name.toLowerCase()) ?? one.name }))
    },
    apply(delivery, changes) {
      const same = Map.groupBy(
        changes.filter(({ kind }) => kind === 'put'),
        ({ name }) => name.toLowerCase(),
      )
      return several(changes, WIDTH, async (change) => {
        const others = change.kind === 'put' ? same.get(change.name.toLowerCase()) : undefined
        if (others !== undefined && others.length > 1)
          return { done: false, error: oneName(others) }
        return attempted(delivery.signal, () => changer.change(change, delivery))
      })
    },
  }
}

/** Either would write over the other. */
const oneName = (changes: readonly { readonly name: string }[]) =>
  new CofferError(
    'invalid_argument',
    `Key Vault does not tell ${changes.map(({ name }) => name).join(' from ')}.`,
    { remedy: 'Give one of them another name in the manifest.' },
  )

async function everything(
  client: SecretClient,
  options: { readonly abortSignal: AbortSignal },
): Promise<DestinationEntry[]> {
  const entries = []
  for await (const secret of client.listPropertiesOfSecrets(options)) {
    if (entries.length === LIMITS.azureSecretsMax) {
      throw new CofferError('too_large', 'The vault lists more secrets than any that is known.', {
        remedy: 'Check the address of the vault; deliver to one of its own.',
      })
    }
    entries.push(entryOf(secret))
  }
  return entries
}

/** Azure gives 25 at a time. */
const LIST_TIMEOUT_MS = 10 * LIMITS.clientTimeoutMs
/** Changes under way at once: a vault takes 30 new secrets a second. */
const WIDTH = 4
