import type { SecretClient, SecretClientOptions } from '@azure/keyvault-secrets'
import { boundedAnswers } from './azure-bounded.ts'
import { loadPeer } from './peer.ts'

export type AzureCredential = ConstructorParameters<typeof SecretClient>[1]

export interface AzureOptions {
  /** The process environment. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** `7.4`: of Azure Stack Hub and test doubles. */
  readonly apiVersion?: string | undefined
  /** How often the client itself asks again. */
  readonly retriesMax: number
  /** What a test gives in place of Azure's own chain, and of the network. */
  readonly credential?: AzureCredential | undefined
  readonly client?: SecretClientOptions | undefined
}

/**
 * The official client for any vault, given by its origin, with the credentials that Azure's own chain
 * finds. Answers are bounded; a vault leads nowhere else.
 * @throws CofferError `missing_dependency`
 */
export async function openAzure(options: AzureOptions): Promise<(origin: string) => SecretClient> {
  const [sdk, { DefaultAzureCredential }] = await Promise.all([
    loadPeer('@azure/keyvault-secrets', () => import('@azure/keyvault-secrets'), PACKAGES),
    loadPeer('@azure/identity', () => import('@azure/identity'), PACKAGES),
  ])
  const credential = options.credential ?? new DefaultAzureCredential()
  const clients = new Map<string, SecretClient>()
  return (origin) => {
    const client =
      clients.get(origin) ?? new sdk.SecretClient(origin, credential, settingsOf(options))
    clients.set(origin, client)
    return client
  }
}

/** Of a vault that is given by its name or, in another cloud, its address; undefined for neither. */
export function vaultOrigin(text: string): string | undefined {
  if (VAULT.test(text)) return `https://${text}.vault.azure.net`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const bare = url?.pathname === '/' && url.search + url.hash + url.username + url.password === ''
  return url?.protocol === 'https:' && bare ? url.origin : undefined
}

export function settingsOf({
  env,
  apiVersion,
  retriesMax,
  client,
}: AzureOptions): SecretClientOptions {
  return {
    retryOptions: { maxRetries: retriesMax, retryDelayInMs: 500 },
    redirectOptions: { maxRetries: 0 },
    // Never an option: it gives a token for whatever resource the place names, to whom a manifest names.
    disableChallengeResourceVerification: env['COFFER_AZURE_ANY_CHALLENGE'] === 'true',
    ...(apiVersion === undefined ? {} : { serviceVersion: apiVersion }),
    ...client,
    additionalPolicies: [{ policy: boundedAnswers, position: 'perRetry' }],
  } as SecretClientOptions
}

const PACKAGES = '@azure/identity @azure/keyvault-secrets'
/** 3 to 24 characters. */
const VAULT = /^[A-Za-z](?!.*--)[0-9A-Za-z-]{1,22}[0-9A-Za-z]$/
