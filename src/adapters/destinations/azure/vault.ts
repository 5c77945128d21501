import type { SecretClient } from '@azure/keyvault-secrets'
import { CofferError } from '../../../core/errors.ts'
import { loadPeer } from '../../net/peer.ts'

/** One Azure Key Vault, by the official client. */
export interface AzureVault {
  /** `shop-prod.vault.azure.net` */
  readonly host: string
  readonly client: SecretClient
}

/**
 * The vault of a name or of an https address, with the credentials that Azure's own chain finds. What
 * a vault claims to be is always verified, so that none is given a token for another.
 * @throws CofferError `missing_dependency`, `invalid_argument` for what names no vault
 */
export async function openAzureVault(named: {
  readonly vault?: string | undefined
  readonly vaultUrl?: string | undefined
}): Promise<AzureVault> {
  const url = addressOf(named)
  const { SecretClient } = await loadPeer(
    '@azure/keyvault-secrets',
    () => import('@azure/keyvault-secrets'),
  )
  const { DefaultAzureCredential } = await loadPeer(
    '@azure/identity',
    () => import('@azure/identity'),
  )
  return {
    host: url.host,
    client: new SecretClient(url.origin, new DefaultAzureCredential(), {
      retryOptions: { maxRetries: 2, retryDelayInMs: 500 },
    }),
  }
}

function addressOf({ vault, vaultUrl }: Parameters<typeof openAzureVault>[0]): URL {
  if (vaultUrl === undefined && vault !== undefined && VAULT.test(vault)) {
    return new URL(`https://${vault}.vault.azure.net`)
  }
  const url = vault === undefined ? URL.parse(vaultUrl ?? '') : null
  if (url !== null && url.protocol === 'https:' && url.pathname === '/' && url.search === '') {
    return url
  }
  throw new CofferError(
    'invalid_argument',
    'An Azure Key Vault is named by vault or by vaultUrl.',
    {
      remedy:
        'Write its name (vault: shop-prod) or, in another cloud, its address (vaultUrl: https://shop-prod.vault.azure.cn), not both.',
    },
  )
}

/** 3 to 24 characters, as Azure has them. */
const VAULT = /^[a-zA-Z](?:-?[a-zA-Z0-9]){2,23}$/
