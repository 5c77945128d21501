import type { SecretClient } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { azureFault, azureRefusal } from './fault.ts'
import type { AzureVault } from './vault.ts'

/** @throws CofferError by what went wrong; what Azure's client threw itself for codes of `expected` */
export type Call = <Out>(
  signal: AbortSignal,
  work: (client: SecretClient, options: { abortSignal: AbortSignal }) => Promise<Out>,
  expected?: readonly string[],
) => Promise<Out>

/** Calls of a vault, each within its time. */
export const callerOf =
  ({ client, host }: AzureVault): Call =>
  async (signal, work, expected = []) => {
    const late = AbortSignal.timeout(LIMITS.clientTimeoutMs)
    try {
      signal.throwIfAborted()
      return await work(client, { abortSignal: AbortSignal.any([signal, late]) })
    } catch (error) {
      if (signal.aborted) {
        throw signal.reason instanceof CofferError
          ? signal.reason
          : new CofferError('cancelled', 'It was cancelled before the vault answered.')
      }
      if (late.aborted) throw new CofferError('timeout', `${host} did not answer in time.`)
      if (expected.includes(azureRefusal(error).inner)) throw error
      throw azureFault(error, host, RIGHTS)
    }
  }

const RIGHTS =
  'Grant the role Key Vault Secrets Officer on the vault, or an access policy with list, set, delete and recover.'
