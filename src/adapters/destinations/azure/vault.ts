import type { SecretClient, SecretClientOptions } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import { loadPeer } from '../../net/peer.ts'

/** One Azure Key Vault, by the official client. */
export interface AzureVault {
  /** `shop-prod.vault.azure.net` */
  readonly host: string
  readonly client: SecretClient
}

export interface VaultOptions {
  /** Its name, or its https address in another cloud. */
  readonly vault: string
  readonly apiVersion?: string | undefined
  /**
   * Takes a token for whatever resource the place names: of test doubles and of nothing else. Never
   * from a manifest, for it gives a token away to whom a manifest names.
   */
  readonly anyChallenge?: boolean | undefined
}

/**
 * A vault with the credentials that Azure's own chain finds.
 * @throws CofferError `missing_dependency`, `invalid_argument` for what names no vault
 */
export async function openAzureVault(options: VaultOptions): Promise<AzureVault> {
  const url = addressOf(options.vault)
  const { SecretClient } = await loadPeer(
    '@azure/keyvault-secrets',
    () => import('@azure/keyvault-secrets'),
  )
  const { DefaultAzureCredential } = await loadPeer(
    '@azure/identity',
    () => import('@azure/identity'),
  )
  const { apiVersion, anyChallenge = false } = options
  const settings = {
    retryOptions: { maxRetries: 2, retryDelayInMs: 500 },
    disableChallengeResourceVerification: anyChallenge,
    ...(apiVersion === undefined ? {} : { serviceVersion: apiVersion }),
  } as SecretClientOptions
  const client = new SecretClient(url.origin, new DefaultAzureCredential(), settings)
  return { host: url.host, client }
}

function addressOf(vault: string): URL {
  if (VAULT.test(vault)) return new URL(`https://${vault}.vault.azure.net`)
  const url = URL.parse(vault)
  if (url?.protocol === 'https:' && url.pathname === '/' && url.search === '') return url
  throw new CofferError('invalid_argument', 'The option vault names no Azure Key Vault.', {
    remedy:
      'Write its name (shop-prod) or, in another cloud, its address (https://shop-prod.vault.azure.cn).',
  })
}

/** 3 to 24 characters, as Azure has them. */
const VAULT = /^[a-zA-Z](?:-?[a-zA-Z0-9]){2,23}$/
