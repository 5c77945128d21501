import { CofferError } from '../../../core/errors.ts'
import { azureFault, azureRefusal } from '../../net/azure-fault.ts'
import type { AzureRow } from '../../net/azure-fault.ts'
import { cancelled } from '../../net/cancelled.ts'
import type { SecretKey } from './key.ts'

const RIGHTS =
  'Give this identity the role "Key Vault Secrets User", or `get` in the access policy of the vault.'

/** What an answer means to who reads (Microsoft Learn: "Azure Key Vault REST API error codes"). */
const ROWS: Readonly<Record<string, AzureRow>> = {
  ObjectIsDeletedButRecoverable: ['deleted', 'HOST has it among its deleted secrets'],
  ObjectIsBeingDeleted: ['deleted', 'HOST is deleting it'],
  400: ['invalid_reference', 'HOST does not take it for the name of a secret'],
  404: ['unavailable', 'HOST answered, and not as Key Vault does'],
}

/** What Key Vault says, and what Lowkey Vault says in its place: another 404 comes from neither. */
const MISSING = /^(?:SecretNotFound|[\w.]+\.NotFoundException)$/

/** Whether Key Vault itself says that there is no such secret, or no such version. */
export function isMissing(error: unknown): boolean {
  const { status, code } = azureRefusal(error)
  return status === 404 && MISSING.test(code)
}

/** What an error of the client means. Its text holds the vendor's, and is not shown. */
export function refusalOf(error: unknown, key: SecretKey, signal: AbortSignal): CofferError {
  if (error instanceof CofferError) return error
  if (signal.aborted) return cancelled(signal)
  return azureFault(error, hostOf(key), { rights: RIGHTS, rows: ROWS })
}

export const noValue = (key: SecretKey) =>
  new CofferError('corrupt', `The Key Vault ${hostOf(key)} answered without a value.`, {
    remedy: 'Try again; look at it with `az keyvault secret show`.',
  })

/** A proxy that keeps answers may give one that was another's. */
export const another = (key: SecretKey) =>
  new CofferError('corrupt', `The Key Vault ${hostOf(key)} answered with another secret.`, {
    remedy: 'Try again; look at what stands before it, and may keep answers.',
  })

export const removed = (key: SecretKey) =>
  new CofferError('deleted', `The Key Vault ${hostOf(key)} has it among its deleted secrets.`, {
    remedy: `Bring it back with \`az keyvault secret recover --name ${key.name}\`, or write a new one.`,
  })

const hostOf = ({ vaultUrl }: SecretKey) => new URL(vaultUrl).host
