import type { DeletedSecret, SecretClient, SecretProperties } from '@azure/keyvault-secrets'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
  PutChange,
} from '../../../core/ports/destination.ts'
import { azureRefusal } from '../../net/azure-fault.ts'
import type { AzureRefusal } from '../../net/azure-fault.ts'
import { mayBeMade } from '../../net/repeated.ts'
import { judge } from '../judge.ts'
import { textValue } from '../text-value.ts'
import type { AzureVault, Call } from './call.ts'
import { entryOf, FINGERPRINT_TAG, OWNER_TAG, tagsOf } from './marks.ts'

/** How secrets of a vault are looked at and changed, each by itself. */
export function changerOf({ host }: AzureVault, call: Call) {
  /**
   * The newest version's properties, without its value; a list of versions is the one question that
   * needs no right to read. Versions of one second are told apart by the list of all secrets.
   */
  async function find(name: string, signal: AbortSignal): Promise<SecretProperties | undefined> {
    try {
      return await call(signal, (client, options) => newest(client, name, options), isNotFound)
    } catch (error) {
      if (isCofferError(error)) throw error
      if (azureRefusal(error).code === 'SecretNotFound') return undefined
      // Another 404 could be anybody's: of what is absent, the list of all secrets tells as well.
      return call(signal, (client, options) => listed(client, name, options))
    }
  }

  async function change(one: DestinationChange, context: DeliveryContext): Promise<ApplyAnswer> {
    const { signal } = context
    let found: SecretProperties | undefined
    try {
      found = await find(one.name, signal)
    } catch (error) {
      // Only looked at: it is known that nothing was made.
      return { done: false, error }
    }
    const judged = judge(one, found === undefined ? undefined : entryOf(found))
    if (judged !== undefined) return judged
    return one.kind === 'put' ? put(one, context, found) : remove(one.name, signal)
  }

  /** The official client looks for what it deleted: an error of it may be that question's. */
  async function remove(name: string, signal: AbortSignal): Promise<ApplyAnswer> {
    try {
      await call(signal, (client, options) => client.beginDeleteSecret(name, options))
      return { done: true }
    } catch (error) {
      try {
        if ((await find(name, signal)) === undefined) return { done: true }
        return { done: false, error, unknown: mayBeMade(error) }
      } catch {
        return { done: false, error, unknown: true }
      }
    }
  }

  async function put(
    one: PutChange,
    { owner, signal, fingerprint }: DeliveryContext,
    found: SecretProperties | undefined,
  ): Promise<ApplyAnswer> {
    const text = textValue(one)
    const print = fingerprint(Buffer.from(text))
    const mark = { owner, fingerprint: print }
    const set = (before: SecretProperties | undefined) => {
      const tags = tagsOf(one, mark, before?.tags)
      const kept = before?.contentType === undefined ? {} : { contentType: before.contentType }
      return call(
        signal,
        (client, options) => client.setSecret(one.name, text, { tags, ...kept, ...options }),
        isTaken,
      )
    }
    try {
      return doneWith((await set(found)).properties)
    } catch (error) {
      if (isCofferError(error)) throw error
    }
    const before = await recover(one.name, owner, signal)
    if (before?.tags?.[FINGERPRINT_TAG] === print) return doneWith(before)
    return doneWith((await set(before)).properties)
  }

  /** What we deleted before and is wanted again; nobody else's. */
  async function recover(
    name: string,
    owner: string,
    signal: AbortSignal,
  ): Promise<SecretProperties | undefined> {
    let deleted: DeletedSecret
    try {
      deleted = await call(signal, (client, options) => client.getDeletedSecret(name, options))
    } catch (error) {
      if (!isCofferError(error, 'not_found')) throw error
      throw new CofferError('conflict', `Somebody changes ${name} in ${host} at this moment.`)
    }
    if (deleted.properties.tags?.[OWNER_TAG] !== owner) {
      throw new CofferError('deleted', `${host} keeps a deleted secret of the name ${name}.`, {
        remedy: `Bring it back (\`az keyvault secret recover\`) and make a new plan, or choose another name.`,
      })
    }
    await call(signal, async (client, options) => {
      const poller = await client.beginRecoverDeletedSecret(name, { ...options, intervalInMs: 500 })
      return poller.pollUntilDone(options)
    })
    return find(name, signal)
  }

  return { change }
}

const isNotFound = ({ status }: AzureRefusal) => status === 404
/** By a deleted secret of the name, mostly; that it is, another question tells. */
const isTaken = ({ status, inner }: AzureRefusal) =>
  status === 409 && inner !== 'ObjectIsBeingDeleted'

interface Options {
  readonly abortSignal: AbortSignal
}

async function newest(
  client: SecretClient,
  name: string,
  options: Options,
): Promise<SecretProperties | undefined> {
  let latest: SecretProperties[] = []
  for await (const one of client.listPropertiesOfSecretVersions(name, options)) {
    const later = timeOf(one) - timeOf(latest[0])
    if (latest.length === 0 || later > 0) latest = [one]
    else if (later === 0) latest.push(one)
  }
  return latest.length <= 1 ? latest[0] : listed(client, name, options)
}

async function listed(
  client: SecretClient,
  name: string,
  options: Options,
): Promise<SecretProperties | undefined> {
  for await (const one of client.listPropertiesOfSecrets(options)) {
    if (one.name === name) return one
  }
  return undefined
}

const timeOf = (one: SecretProperties | undefined): number => one?.createdOn?.getTime() ?? 0

const doneWith = (properties: SecretProperties): ApplyAnswer => ({
  done: true,
  revision: entryOf(properties).revision,
  updatedAt: properties.updatedOn?.getTime(),
})
