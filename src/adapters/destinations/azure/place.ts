import type { SecretClient } from '@azure/keyvault-secrets'
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
    list: ({ signal }) => call(signal, everything, undefined, LIST_TIMEOUT_MS),
    apply: (delivery, changes) =>
      several(changes, WIDTH, (change) =>
        attempted(delivery.signal, () => changer.change(change, delivery)),
      ),
  }
}

async function everything(
  client: SecretClient,
  options: { readonly abortSignal: AbortSignal },
): Promise<DestinationEntry[]> {
  const entries = []
  for await (const secret of client.listPropertiesOfSecrets(options)) entries.push(entryOf(secret))
  return entries
}

/** Azure gives 25 at a time. */
const LIST_TIMEOUT_MS = 10 * LIMITS.clientTimeoutMs
/** Changes under way at once: a vault takes 30 new secrets a second. */
const WIDTH = 4
