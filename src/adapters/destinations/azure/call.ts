import type { SecretClient } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { azureFault, azureRefusal } from '../../net/azure-fault.ts'
import type { AzureRefusal } from '../../net/azure-fault.ts'
import { cancelled } from '../../net/cancelled.ts'
import { untilOver } from '../../net/until-over.ts'

/** One Azure Key Vault, by the official client. */
export interface AzureVault {
  /** `shop-prod.vault.azure.net` */
  readonly host: string
  readonly client: SecretClient
}

/** @throws CofferError by what went wrong; what is `expected` is thrown as Azure's client threw it */
export type Call = <Out>(
  signal: AbortSignal,
  work: (client: SecretClient, options: { abortSignal: AbortSignal }) => Promise<Out>,
  expected?: (refusal: AzureRefusal) => boolean,
  timeoutMs?: number,
) => Promise<Out>

/** Calls of a vault, each within its time. */
export const callerOf =
  ({ client, host }: AzureVault): Call =>
  async (signal, work, expected, timeoutMs = LIMITS.clientTimeoutMs) => {
    const late = AbortSignal.timeout(timeoutMs)
    try {
      signal.throwIfAborted()
      const abortSignal = AbortSignal.any([signal, late])
      return await untilOver(work(client, { abortSignal }), abortSignal)
    } catch (error) {
      if (signal.aborted) throw cancelled(signal)
      if (late.aborted) throw new CofferError('timeout', `${host} did not answer in time.`)
      if (expected?.(azureRefusal(error)) === true) throw error
      throw azureFault(error, host, { rights: RIGHTS })
    }
  }

const RIGHTS =
  'Grant the role Key Vault Secrets Officer on the vault, or an access policy with list, set, delete and recover.'
