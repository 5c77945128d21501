import { createHash } from 'node:crypto'
import type { SecretClient, SecretProperties } from '@azure/keyvault-secrets'
import type { ProviderValue } from '../../../core/ports/provider.ts'
import { textSecret } from '../../../core/secret.ts'
import { openAzure as openVaults } from '../../net/azure-vault.ts'
import type { AzureOptions } from '../../net/azure-vault.ts'
import type { ProviderContext } from '../context.ts'
import { answerEach } from '../opened.ts'
import type { OpenedService } from '../opened.ts'
import { parseKey, vaultUrlOf } from './key.ts'
import type { SecretKey } from './key.ts'
import { another, isMissing, noValue, refusalOf, removed } from './refusals.ts'

/** What a test gives in place of the world. */
export type AzureWorld = Pick<AzureOptions, 'credential' | 'client'>

/** What the credential chain looks at: another one is another caller. */
const IDENTITY =
  /^AZURE_(?:TENANT_ID|CLIENT_ID|CLIENT_SECRET|CLIENT_CERTIFICATE_PATH|FEDERATED_TOKEN_FILE|USERNAME|AUTHORITY_HOST)$/

/** @throws CofferError `missing_dependency`, `invalid_config` */
export async function openAzure(
  { env, options }: ProviderContext,
  world: AzureWorld = {},
): Promise<OpenedService> {
  const home = vaultUrlOf(options['vault'])
  // Repetitions have their budget in `guarded`.
  const about = { env, apiVersion: options['apiVersion'], retriesMax: 0, ...world }
  const clientOf = await openVaults(about)

  async function read(
    key: SecretKey,
    abortSignal: AbortSignal,
  ): Promise<ProviderValue | undefined> {
    const client = clientOf(key.vaultUrl)
    const { name, version } = key
    try {
      const { value, properties } = await client.getSecret(name, { version, abortSignal })
      // The client says of every answer that it is what its types say.
      if (typeof value !== 'string') throw noValue(key)
      if (!isWhatWasAsked(properties, key)) throw another(key)
      const secret = textSecret(`azure:${new URL(key.vaultUrl).hostname}/${name}`, value)
      const createdAt = properties.createdOn?.getTime()
      return { secret, createdAt: Number.isNaN(createdAt) ? undefined : createdAt }
    } catch (error) {
      if (!isMissing(error)) throw refusalOf(error, key, abortSignal)
    }
    if (version === undefined && (await isDeleted(client, name, abortSignal))) throw removed(key)
    return undefined
  }

  return {
    scope: [home ?? 'any', fingerprintOf(env)].join('|'),
    where: home === undefined ? undefined : new URL(home).hostname,
    call: (refs, signal) => answerEach(refs, async (ref) => read(parseKey(ref, home), signal)),
  }
}

/** Key Vault does not tell capitals apart. Its host may be another: it knows itself by one of its names. */
function isWhatWasAsked({ name, version }: SecretProperties, key: SecretKey): boolean {
  if (name.toLowerCase() !== key.name.toLowerCase()) return false
  return key.version === undefined || version?.toLowerCase() === key.version.toLowerCase()
}

/** Deleted secrets may be hidden from who may read others: then it is absent, as far as anyone knows. */
async function isDeleted(
  client: SecretClient,
  name: string,
  abortSignal: AbortSignal,
): Promise<boolean> {
  try {
    await client.getDeletedSecret(name, { abortSignal })
    return true
  } catch {
    return false
  }
}

function fingerprintOf(env: ProviderContext['env']): string {
  const names = Object.keys(env)
    .filter((name) => IDENTITY.test(name))
    .toSorted((a, b) => (a < b ? -1 : 1))
  const who = names.map((name) => [name, env[name]])
  return createHash('sha256').update(JSON.stringify(who)).digest('hex').slice(0, 16)
}
