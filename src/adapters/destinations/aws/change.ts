import type {
  CreateSecretRequest,
  DescribeSecretResponse,
  Tag,
} from '@aws-sdk/client-secrets-manager'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
  DestinationEntry,
  PutChange,
} from '../../../core/ports/destination.ts'
import { decodeText } from '../../../core/secret.ts'
import { judge } from '../judge.ts'
import { entryOf, NO_VERSION, ownerOf, tagsOf, versionIdOf } from './marks.ts'
import type { Region } from './region.ts'

export interface ChangeOptions {
  /** Ends with `/`, or is empty. */
  readonly prefix: string
  readonly kmsKeyId: string | undefined
  readonly recoveryDays: number
}

export interface Found {
  readonly secret: DescribeSecretResponse
  /** Absent: it is scheduled for deletion. */
  readonly entry: DestinationEntry | undefined
}

/** How secrets of a region are looked at and changed, each by itself. */
export function changerOf(region: Region, options: ChangeOptions) {
  const { sdk } = region

  /** `undefined`: there is none of this name. Says what is so at this moment, which lists do not. */
  async function find(name: string, signal: AbortSignal): Promise<Found | undefined> {
    const command = new sdk.DescribeSecretCommand({ SecretId: options.prefix + name })
    try {
      const secret = await region.call((c, o) => c.send(command, o), signal, [ABSENT])
      region.checkAccount(secret.ARN)
      return { secret, entry: entryOf(name, secret) }
    } catch (error) {
      if (error instanceof Error && error.name === ABSENT) return undefined
      throw error
    }
  }

  async function change(one: DestinationChange, context: DeliveryContext): Promise<ApplyAnswer> {
    let found: Found | undefined
    try {
      found = await find(one.name, context.signal)
    } catch (error) {
      // Only looked at: it is known that nothing was made.
      return { done: false, error }
    }
    const judged = judge(one, found?.entry)
    if (judged !== undefined) return judged
    if (one.kind === 'put') return put(one, context, found)
    await remove(one.name, found, context.signal)
    return { done: true }
  }

  async function put(
    one: PutChange,
    { owner, signal, fingerprint }: DeliveryContext,
    found: Found | undefined,
  ): Promise<ApplyAnswer> {
    const name = options.prefix + one.name
    const bytes = one.secret.revealBytes()
    try {
      if (bytes.length === 0) {
        throw new CofferError('invalid_value', `AWS holds no empty value, as that of ${one.name}.`)
      }
      const tags = tagsOf(one, owner)
      const print = fingerprint(bytes)
      let entry = found?.entry
      if (found === undefined) {
        if (await region.isAccountKnown()) {
          const token = versionIdOf(print, name, NO_VERSION)
          await create(one, name, tags, { ...valueOf(bytes), ClientRequestToken: token }, signal)
          return { done: true, revision: token }
        }
        // Whose account it is, an answer must tell before it is given a value.
        await create(one, name, tags, {}, signal)
      } else {
        if (entry === undefined) entry = await restore(one.name, name, found.secret, owner, signal)
        await tag(name, found.secret, tags, signal)
      }
      const revision = entry?.revision ?? NO_VERSION
      if (entry?.fingerprint === print) return { done: true, revision }
      const token = versionIdOf(print, name, revision)
      const value = { SecretId: name, ClientRequestToken: token, ...valueOf(bytes) }
      await region.call((c, o) => c.send(new sdk.PutSecretValueCommand(value), o), signal)
      return { done: true, revision: token }
    } finally {
      bytes.fill(0)
    }
  }

  async function create(
    { about = {} }: PutChange,
    name: string,
    tags: Tag[],
    value: Pick<CreateSecretRequest, 'SecretString' | 'SecretBinary' | 'ClientRequestToken'>,
    signal: AbortSignal,
  ): Promise<void> {
    const { kmsKeyId } = options
    const command = new sdk.CreateSecretCommand({
      Name: name,
      Tags: tags,
      ...value,
      ...(about.description === undefined ? {} : { Description: about.description }),
      ...(kmsKeyId === undefined ? {} : { KmsKeyId: kmsKeyId }),
    })
    const { ARN } = await region.call((c, o) => c.send(command, o), signal)
    try {
      region.checkAccount(ARN)
    } catch (error) {
      const gone = { SecretId: name, RecoveryWindowInDays: options.recoveryDays }
      await region.call((c, o) => c.send(new sdk.DeleteSecretCommand(gone), o), signal)
      throw error
    }
  }

  /** What we deleted before and is wanted again; nobody else's. */
  async function restore(
    entryName: string,
    name: string,
    secret: DescribeSecretResponse,
    owner: string,
    signal: AbortSignal,
  ): Promise<DestinationEntry | undefined> {
    if (ownerOf(secret) !== owner) {
      throw new CofferError('deleted', `The secret ${name} is scheduled for deletion at AWS.`, {
        remedy: `Wait until it is gone, or bring it back (\`aws secretsmanager restore-secret\`) and make a new plan.`,
      })
    }
    const command = new sdk.RestoreSecretCommand({ SecretId: name })
    await region.call((c, o) => c.send(command, o), signal)
    return entryOf(entryName, { ...secret, DeletedDate: undefined })
  }

  /** The mark goes first: what has it and no value yet is finished by the next sync. */
  async function tag(
    name: string,
    { Tags: there = [] }: DescribeSecretResponse,
    tags: readonly Tag[],
    signal: AbortSignal,
  ): Promise<void> {
    const Tags = tags.filter(
      ({ Key, Value }) => !there.some((one) => one.Key === Key && one.Value === Value),
    )
    if (Tags.length === 0) return
    const command = new sdk.TagResourceCommand({ SecretId: name, Tags })
    await region.call((c, o) => c.send(command, o), signal)
  }

  /** Recoverable, always: replicas of a secret, which AWS erases at once, are not removed for it. */
  async function remove(
    entryName: string,
    found: Found | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const SecretId = options.prefix + entryName
    const regions = (found?.secret.ReplicationStatus ?? []).flatMap(({ Region }) => Region ?? [])
    if (regions.length > 0) {
      throw new CofferError('conflict', `${SecretId} has replicas in ${regions.join(', ')}.`, {
        remedy:
          'Remove them (`aws secretsmanager remove-regions-from-replication`) or have them removed by Terraform, then try again.',
      })
    }
    const gone = { SecretId, RecoveryWindowInDays: options.recoveryDays }
    try {
      await region.call((c, o) => c.send(new sdk.DeleteSecretCommand(gone), o), signal)
    } catch (error) {
      // The client repeats a call whose answer was lost; AWS refuses what is removed by then.
      if (!isCofferError(error) || !REMOVED_CODES.has(error.code)) throw error
      if ((await find(entryName, signal))?.entry !== undefined) throw error
    }
  }

  return { find, change }
}

const ABSENT = 'ResourceNotFoundException'
const REMOVED_CODES: ReadonlySet<string> = new Set(['deleted', 'invalid_argument', 'not_found'])

/** Text where it is text, so that consoles show it. */
function valueOf(bytes: Uint8Array): { SecretString: string } | { SecretBinary: Uint8Array } {
  try {
    return { SecretString: decodeText(bytes) }
  } catch {
    return { SecretBinary: Uint8Array.from(bytes) }
  }
}
