import { CofferError, describeError, isCofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { isBelow } from '../../../core/path.ts'
import type { Coffer, ReadAnswer } from '../../../core/ports/coffer.ts'
import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'
import type { SecretRecord } from '../../../core/record.ts'
import { fetchAll, sameness } from '../../fetch.ts'
import { isOwn } from '../../manifest/own.ts'
import type { DeclaredSecret, Environment, Manifest } from '../../manifest/manifest.ts'
import type { LoadOptions } from '../../options.ts'
import { openProviders } from '../../providers.ts'
import { locate, showReference } from '../../reference.ts'
import type { PlaceFailure, SecretAnswer, SecretFacts } from '../facts.ts'
import { isOptionCode, isPlaceCode } from '../rules/places.ts'
import { eachOf } from './each.ts'

export interface AskOptions {
  /** Opened when the first secret lies in it. */
  readonly coffer: () => Promise<Coffer>
  /** Who checks. */
  readonly actor: () => Promise<string>
  /** Read the values too, not only what is known of them. */
  readonly values: boolean
  readonly load: Omit<LoadOptions, 'coffer'>
}

export type Asked = Omit<SecretFacts, 'readers'>

/**
 * All declared secrets of the environments: values in batches, records in pages, both only where
 * there are any. A place that cannot be asked is told once, and its secrets are `unasked`.
 * @throws what opening the Coffer throws that says nothing of the place: a wrong option, a bug
 */
export async function askSecrets(
  manifest: Manifest,
  environments: readonly Environment[],
  options: AskOptions,
): Promise<{ secrets: readonly Asked[]; places: readonly PlaceFailure[] }> {
  const wanted = environments.flatMap((environment) =>
    manifest.secrets.flatMap((declared) => wantedIn(declared, environment, manifest)),
  )
  const refsOf = (secrets: readonly Asked[]) => secrets.flatMap(({ ref }) => ref ?? [])
  const prefixes = environments.map(({ prefix }) => prefix)
  const [own, others] = await Promise.all([
    askCoffer(refsOf(wanted.filter((secret) => secret.isOwn)), prefixes, options),
    askOthers(refsOf(wanted.filter((secret) => !secret.isOwn)), manifest, options),
  ])
  const secrets = wanted.map(({ ref, ...secret }): Asked => {
    if (ref === undefined) return { ...secret, ref }
    if (!secret.isOwn) {
      const answer = options.values ? others.get(sameness(ref)) : undefined
      return { ...secret, ref, answer: answer ? answerOf(answer, undefined) : { kind: 'unknown' } }
    }
    const record = own.records.get(ref.key)
    return { ...secret, ref, record, answer: answerOf(own.answers.get(sameness(ref)), record) }
  })
  return gatherPlaces(secrets)
}

type Answers = ReadonlyMap<string, ProviderAnswer>

function wantedIn(declared: DeclaredSecret, { name }: Environment, manifest: Manifest): Asked[] {
  const reference = declared.references[name]
  if (reference === undefined) return []
  const own = isOwn(manifest, reference.ref)
  const base = { declared, environment: name, path: reference.written, isOwn: own }
  try {
    const ref = locate(reference, '')
    return [{ ...base, ref, path: showReference(ref), answer: { kind: 'unread' } }]
  } catch (error) {
    return [{ ...base, answer: { kind: 'error', error } }]
  }
}

/** `undefined` for the answers: values were not asked for, or may not be had. */
function answerOf(
  answer: ProviderAnswer | undefined,
  record: SecretRecord | undefined,
): SecretAnswer {
  if (answer === undefined) return { kind: 'unread' }
  if ('error' in answer) {
    return isDenied(answer.error) && record !== undefined
      ? { kind: 'unread' }
      : { kind: 'error', error: answer.error }
  }
  return answer.value === undefined
    ? { kind: 'absent', where: answer.where }
    : { kind: 'value', secret: answer.value.secret, createdAt: answer.value.createdAt }
}

async function askCoffer(
  refs: readonly ProviderRef[],
  prefixes: readonly string[],
  options: AskOptions,
): Promise<{ records: ReadonlyMap<string, SecretRecord>; answers: Answers }> {
  const records = new Map<string, SecretRecord>()
  if (refs.length === 0) return { records, answers: new Map() }
  try {
    const coffer = await options.coffer()
    await listInto(records, coffer, refs, prefixes)
    const answers = options.values ? await readAll(coffer, refs) : new Map()
    await judgeUnlisted(
      answers,
      refs.filter(({ key }) => !records.has(key)),
      coffer,
      options,
    )
    return { records, answers }
  } catch (error) {
    if (!isPlaceCode(describeError(error).code)) throw error
    return { records, answers: new Map(refs.map((ref) => [sameness(ref), { error }])) }
  }
}

/** What may be listed below the prefixes, and of what lies elsewhere what may be described. */
async function listInto(
  records: Map<string, SecretRecord>,
  coffer: Coffer,
  refs: readonly ProviderRef[],
  prefixes: readonly string[],
): Promise<void> {
  const asked = prefixes.filter((prefix) => refs.some(({ key }) => isBelow(key, prefix)))
  for (const prefix of new Set(asked)) {
    let cursor: string | undefined
    do {
      const page = await coffer.list({ prefix, cursor, limit: LIMITS.pageSizeMax, deleted: true })
      for (const record of page.items) records.set(record.path, record)
      cursor = page.cursor
    } while (cursor !== undefined)
  }
  const elsewhere = new Set(refs.map(({ key }) => key).filter((key) => !records.has(key)))
  for (const key of elsewhere) {
    if (asked.some((prefix) => isBelow(key, prefix))) continue
    const record = await coffer.describe(key).catch(unlessDenied)
    if (record !== undefined) records.set(key, record)
  }
}

function unlessDenied(error: unknown): undefined {
  if (!isDenied(error)) throw error
}

/** What may not be read, or was not to be, and is in no list: absent only for who might list it. */
async function judgeUnlisted(
  answers: Map<string, ProviderAnswer>,
  unlisted: readonly ProviderRef[],
  coffer: Coffer,
  options: AskOptions,
): Promise<void> {
  const open = unlisted.filter((ref) => {
    const answer = answers.get(sameness(ref))
    return answer === undefined || ('error' in answer && isDenied(answer.error))
  })
  if (open.length === 0) return
  const actor = await options.actor()
  await eachOf(open, async (ref) => {
    const { allowed } = await coffer.access.test({ actor, action: 'list', path: ref.key })
    const error = new CofferError('denied', `${actor} may neither read nor list it.`, {
      remedy: `Give ${actor} a policy that allows list, or read, on ${ref.key}.`,
    })
    answers.set(sameness(ref), allowed ? { value: undefined } : { error })
  })
}

const isDenied = (error: unknown): boolean => isCofferError(error, 'denied')

async function readAll(
  coffer: Coffer,
  refs: readonly ProviderRef[],
): Promise<Map<string, ProviderAnswer>> {
  const wanted = [...new Map(refs.map((ref) => [sameness(ref), ref]))]
  const answers = new Map<string, ProviderAnswer>()
  for (let from = 0; from < wanted.length; from += LIMITS.batchMax) {
    const batch = wanted.slice(from, from + LIMITS.batchMax)
    const found = await coffer.readMany(
      batch.map(([, { key, label, version }]) => ({ path: key, label, version })),
    )
    batch.forEach(([key], i) => answers.set(key, translate(found[i])))
  }
  return answers
}

function translate(answer: ReadAnswer | undefined): ProviderAnswer {
  if (answer === undefined) return { error: new CofferError('internal', 'It was not answered.') }
  if ('error' in answer || answer.value === undefined) return answer
  return { value: { secret: answer.value.secret } }
}

/** A whole environment may take longer than what one program needs to start. */
const TIMEOUT_MS = 6 * LIMITS.configTimeoutMs

async function askOthers(
  refs: readonly ProviderRef[],
  manifest: Manifest,
  { load, values }: AskOptions,
): Promise<Answers> {
  if (refs.length === 0 || !values) return new Map()
  const providers = openProviders(load, manifest.providers)
  const answers = await fetchAll(refs, {
    find: (name) => providers.find(name).provider,
    signal: load.signal,
    timeoutMs: load.timeoutMs ?? TIMEOUT_MS,
  })
  await providers.close()
  return new Map(refs.map((ref, i) => [sameness(ref), answers[i] ?? translate(undefined)]))
}

/** Errors that say something of a whole place become one for each place and reason. */
function gatherPlaces(secrets: readonly Asked[]) {
  const failed = new Map<string, PlaceFailure>()
  const sameAnswer = alikeIn(secrets)
  const left = secrets.map((secret): Asked => {
    if (secret.answer.kind !== 'error' || secret.ref === undefined) return secret
    const { code, message, remedy } = describeError(secret.answer.error)
    const { provider } = secret.ref
    if (!isPlaceCode(code) && !(isOptionCode(code) && sameAnswer(provider))) return secret
    const key = `${provider}\0${code}`
    const known = failed.get(key) ?? {
      provider,
      environments: [],
      code,
      message,
      remedy,
      paths: [],
    }
    const environments = [...new Set([...known.environments, secret.environment])]
    failed.set(key, { ...known, environments, paths: [...known.paths, secret.path] })
    return { ...secret, answer: { kind: 'unasked' } }
  })
  return { secrets: left, places: [...failed.values()] }
}

/** Whether several secrets of a provider failed, and all of them with the same words. */
function alikeIn(secrets: readonly Asked[]): (provider: string) => boolean {
  const byProvider = Map.groupBy(secrets, ({ ref }) => ref?.provider)
  return (provider) => {
    const said = (byProvider.get(provider) ?? []).map(({ answer }) =>
      answer.kind === 'error' ? describeError(answer.error).message : undefined,
    )
    return said.length > 1 && said[0] !== undefined && new Set(said).size === 1
  }
}
