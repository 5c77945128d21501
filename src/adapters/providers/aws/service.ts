import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import { awsFault } from '../../net/aws-fault.ts'
import { understandAnswers } from '../../net/aws-answers.ts'
import { loadPeer } from '../../net/peer.ts'
import type { ProviderContext } from '../context.ts'
import type { OpenedService } from '../opened.ts'
import { readerOf } from './read.ts'
import type { Sdk } from './read.ts'

const PACKAGE = '@aws-sdk/client-secrets-manager'

/**
 * @throws CofferError `missing_dependency`, `unauthenticated` without credentials
 */
export async function openAws({ env, options }: ProviderContext): Promise<OpenedService> {
  const sdk: Sdk = await loadPeer(PACKAGE, () => import('@aws-sdk/client-secrets-manager'))
  const clients = new Map<string, SecretsManagerClient>()
  const clientIn = (region: string | undefined) => {
    const known = clients.get(region ?? '')
    if (known !== undefined) return known
    const made = new sdk.SecretsManagerClient({
      ...(region === undefined ? {} : { region }),
      ...(options.profile === undefined ? {} : { profile: options.profile }),
      ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
      // Retries are counted in one place, for all calls together.
      maxAttempts: 1,
    })
    understandAnswers(made)
    clients.set(region ?? '', made)
    return made
  }
  const endpoint = options.endpoint ?? env.AWS_ENDPOINT_URL_SECRETS_MANAGER ?? env.AWS_ENDPOINT_URL
  const named = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION
  const home = clientIn(named === '' ? undefined : named)
  try {
    const region = await regionOf(home)
    const asks = region === undefined ? clientIn(ANY_REGION) : home
    const scope = JSON.stringify([region, endpoint, await whoAsks(asks, env, options)])
    const ours = (asked: string) => (asked === region ? home : clientIn(asked))
    const read = readerOf(sdk, ours, {
      region,
      endpoint,
      profile: options.profile ?? env.AWS_PROFILE,
    })
    return {
      scope,
      where: `AWS Secrets Manager in ${region ?? 'the region of its ARN'}`,
      call: read,
      close() {
        for (const client of clients.values()) client.destroy()
      },
    }
  } catch (error) {
    for (const client of clients.values()) client.destroy()
    throw awsFault(error, { region: named, endpoint })
  }
}

/** Credentials are found through some region, whichever it is. */
const ANY_REGION = 'us-east-1'

/** @returns undefined where none is named: an ARN brings its own */
async function regionOf(client: SecretsManagerClient): Promise<string | undefined> {
  try {
    return await client.config.region()
  } catch (error) {
    if (awsFault(error, {}).code === 'invalid_config') return undefined
    throw error
  }
}

/**
 * Whose calls they are: the same in every process that is configured so, also where each gets a
 * session of its own. Fails here, and not in the calls, where there is no credential at all.
 */
async function whoAsks(
  client: SecretsManagerClient,
  env: ProviderContext['env'],
  options: ProviderContext['options'],
): Promise<string> {
  const profile = options.profile ?? env.AWS_PROFILE
  if (profile === undefined && isSet(env.AWS_ACCESS_KEY_ID)) return `key:${env.AWS_ACCESS_KEY_ID}`
  const source =
    profile !== undefined
      ? `profile:${profile}`
      : (SOURCES.map((name) => env[name]).find(isSet) ?? 'profile:default')
  try {
    const { accessKeyId, sessionToken } = await client.config.credentials()
    return sessionToken === undefined ? `key:${accessKeyId}` : source
  } catch (error) {
    // A login that cannot be reached now is no missing login: the call will tell.
    const fault = awsFault(error, { profile })
    if (fault.code === 'unauthenticated') throw fault
    return source
  }
}

const SOURCES = [
  'AWS_ROLE_ARN',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
]

const isSet = (text: string | undefined): text is string => text !== undefined && text !== ''
