import type { SecretsManagerClient, SecretValueEntry } from '@aws-sdk/client-secrets-manager'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'
import { Secret, textSecret } from '../../../core/secret.ts'
import { awsFault, isAwsAbsence, noRegion } from '../../net/aws-fault.ts'
import type { AwsPlace } from '../../net/aws-fault.ts'
import { several } from '../../net/several.ts'
import { readSelector } from './selector.ts'
import type { Selector } from './selector.ts'

export type Sdk = typeof import('@aws-sdk/client-secrets-manager')

type Call = (refs: readonly ProviderRef[], signal: AbortSignal) => Promise<ProviderAnswer[]>

type Answers = ReadonlyMap<string, ProviderAnswer>

interface Wanted extends Selector {
  /** Where its answer belongs. */
  readonly at: number
}

/** Reads references: what batches can carry by one call, the rest one by one. */
export function readerOf(
  sdk: Sdk,
  clientIn: (region: string) => SecretsManagerClient,
  place: AwsPlace,
): Call {
  // Some may read secrets and not batches of them; asked once in the life of a process.
  const noBatches = new Set<string>()
  return async (refs, signal) => {
    const answers: ProviderAnswer[] = []
    const wanted: Wanted[] = []
    for (const [at, ref] of refs.entries()) {
      const selector = readSelector(ref)
      if (selector instanceof CofferError) answers[at] = { error: selector }
      else wanted.push({ ...selector, at })
    }
    for (const [region, group] of Map.groupBy(wanted, (one) => one.region ?? place.region)) {
      if (region === undefined) {
        for (const { at } of group) answers[at] = { error: noRegion() }
        continue
      }
      const asker = askerOf(sdk, clientIn(region), { ...place, region }, signal)
      const plain = group.filter(({ stage, versionId }) => stage === undefined && !versionId)
      const batch = plain.length > 1 && !noBatches.has(region) ? plain : []
      const found =
        batch.length === 0 ? nothing() : await asker.many(batch, () => noBatches.add(region))
      for (const { id, at } of batch) {
        const answer = found.get(id)
        if (answer !== undefined) answers[at] = answer
      }
      const rest = group.filter(({ at }) => answers[at] === undefined)
      // One first: a credential that is refused is refused once.
      const singles = [
        ...(await several(rest.slice(0, 1), 1, asker.one)),
        ...(await several(rest.slice(1), SINGLES_AT_ONCE, asker.one)),
      ]
      for (const [i, { at }] of rest.entries()) answers[at] = singles[i]!
    }
    return answers
  }
}

const SINGLES_AT_ONCE = 10
const nothing = (): Answers => new Map()
const SPOILT: readonly ErrorCode[] = ['denied', 'invalid_reference']

function askerOf(sdk: Sdk, client: SecretsManagerClient, place: AwsPlace, signal: AbortSignal) {
  const options = { abortSignal: signal }
  return {
    /** By id. Nothing where batches are not allowed, which `never` tells, or one name spoils them. */
    async many(batch: readonly Wanted[], never: () => void): Promise<Answers> {
      const command = new sdk.BatchGetSecretValueCommand({
        SecretIdList: batch.map(({ id }) => id),
      })
      try {
        const { SecretValues = [], Errors = [] } = await client.send(command, options)
        const answers = new Map<string, ProviderAnswer>()
        for (const { SecretId = '', ErrorCode = '', Message = '' } of Errors) {
          answers.set(SecretId, refusal(named(ErrorCode, Message), place))
        }
        for (const { id } of batch) {
          const entry = SecretValues.find((value) => isOf(value, id))
          if (entry !== undefined) answers.set(id, valueOf(id, entry))
        }
        return answers
      } catch (error) {
        const fault = awsFault(over(error, signal), place)
        if (fault.code === 'denied') never()
        if (SPOILT.includes(fault.code) || isAwsAbsence(error)) return nothing()
        throw fault
      }
    },
    async one({ id, stage, versionId }: Wanted): Promise<ProviderAnswer> {
      const command = new sdk.GetSecretValueCommand({
        SecretId: id,
        ...(stage === undefined ? {} : { VersionStage: stage }),
        ...(versionId === undefined ? {} : { VersionId: versionId }),
      })
      try {
        return valueOf(id, await client.send(command, options))
      } catch (error) {
        const answer = refusal(over(error, signal), place)
        if ('error' in answer && isCofferError(answer.error, 'unauthenticated')) throw answer.error
        return answer
      }
    },
  }
}

/** What an abort was for, instead of that there was one. */
const over = (error: unknown, signal: AbortSignal): unknown =>
  signal.aborted ? (signal.reason as unknown) : error

function refusal(error: unknown, place: AwsPlace): ProviderAnswer {
  const message = error instanceof Error ? error.message : ''
  if (isAwsAbsence(error)) {
    return NO_VALUE.test(message) ? { error: new CofferError(...EMPTY) } : { value: undefined }
  }
  if (DELETED.test(message)) return { error: new CofferError(...GONE) }
  return { error: awsFault(error, place) }
}

const NO_VALUE = /secret value for staging label: AWSCURRENT/
const DELETED = /marked (?:for deletion|deleted)|scheduled for deletion/
const EMPTY = ['empty_version', 'The secret has no current value.'] as const
const GONE = [
  'deleted',
  'The secret is scheduled for deletion.',
  { remedy: 'Bring it back with `aws secretsmanager restore-secret` before its time is over.' },
] as const

const named = (name: string, message: string): Error =>
  Object.assign(new Error(message), { name, $metadata: {} })

/** By name, by ARN, or by an ARN without the six characters at its end. */
const isOf = ({ Name, ARN = '' }: SecretValueEntry, id: string): boolean =>
  Name === id || ARN === id || (id.startsWith('arn:') && ARN.slice(0, -7) === id)

function valueOf(
  id: string,
  {
    SecretString,
    SecretBinary,
    CreatedDate,
  }: Pick<SecretValueEntry, 'SecretString' | 'SecretBinary' | 'CreatedDate'>,
): ProviderAnswer {
  const name = `aws:${id}`
  const createdAt = CreatedDate?.getTime()
  if (SecretString !== undefined)
    return { value: { secret: textSecret(name, SecretString), createdAt } }
  if (SecretBinary !== undefined) {
    const decode = (bytes: Uint8Array) => Uint8Array.from(bytes)
    const secret = new Secret({ name, bytes: Uint8Array.from(SecretBinary), decode })
    return { value: { secret, createdAt } }
  }
  return {
    error: new CofferError('corrupt', 'AWS answered without a value.', {
      remedy:
        'Does the endpoint lead to AWS Secrets Manager? Look at it with `aws secretsmanager get-secret-value`.',
    }),
  }
}
