import { CofferError } from '../core/errors.ts'
import type { ProviderAnswer, ProviderRef, ProviderValue } from '../core/ports/provider.ts'
import type { Secret } from '../core/secret.ts'
import { materialOf } from './extract.ts'
import { fetchAll } from './fetch.ts'
import { freeze } from './freeze.ts'
import { hold, holdText, toSecret } from './hold.ts'
import type { Held } from './hold.ts'
import type { EnvPlace, InlinePlace, LiteralPlace, Place, SecretPlace } from './plan.ts'
import { COFFER, showReference } from './reference.ts'
import type { Session } from './session.ts'
import { validate } from './validate.ts'
import { readVariable } from './variable.ts'
import { watcher } from './watch.ts'

/** `typed`: what the schema yields, watchable. `text`: what is stored, once its schema accepts it. */
export type Mode = 'typed' | 'text'

/** What became of one place. `failed` tells an error from an optional absence. */
export interface Outcome {
  readonly place: Place
  readonly reference: string
  readonly provider: string
  readonly failed: boolean
  /** Optional, and not needed in this environment: nobody was asked. */
  readonly isAbsent?: boolean | undefined
  readonly error?: unknown
  readonly value?: unknown
  readonly ref?: ProviderRef | undefined
  /** The variable's name that the provider records. */
  readonly recordedName?: string | undefined
}

/** Fills all places, in parallel and in batches. Never rejects; answers in the order of `places`. */
export async function resolvePlaces(
  places: readonly Place[],
  session: Session,
  mode: Mode,
): Promise<Outcome[]> {
  const located = places.map((place) => locatePlace(place, session))
  const asked = located.filter(({ ref }) => ref !== undefined)
  const refs = asked.flatMap(({ ref }) => ref ?? [])
  const fetched = await fetchAll(refs, { find: session.find, ...limits(session) })
  const answers = new Map(asked.map((start, i) => [start, fetched[i]]))
  return Promise.all(
    located.map(async (start) => {
      if (start.failed || start.isAbsent === true) return start
      const { place, ref } = start
      const answer = answers.get(start)
      try {
        if (place.kind === 'secret' && ref !== undefined && answer !== undefined) {
          const value = await settle(place, ref, answer, session, mode)
          return { ...start, value, recordedName: recordedName(answer) }
        }
        return { ...start, value: await OTHERS[place.kind](place as never, session) }
      } catch (error) {
        return { ...start, failed: true, error }
      }
    }),
  )
}

const OTHERS = {
  env: fromEnvironment,
  literal: fromLiteral,
  inline: fromInline,
  secret: noAnswer,
  broken: noAnswer,
} as const

const limits = ({ load }: Session) => ({ signal: load.signal, timeoutMs: load.timeoutMs })

function locatePlace(place: Place, session: Session): Outcome {
  const base = { place, failed: false, provider: '', reference: '' }
  if (place.kind === 'broken') return { ...base, failed: true, error: place.error }
  if (place.kind === 'env') return { ...base, reference: `env:${place.variable}`, provider: 'env' }
  if (place.kind !== 'secret') return base
  const { provider } = place.reference.ref
  try {
    const ref = session.locate(place.reference)
    if (ref !== undefined) {
      return { ...base, provider: ref.provider, reference: showReference(ref), ref }
    }
    if (!place.optional) throw notNeeded()
    return { ...base, provider, reference: place.reference.written, isAbsent: true }
  } catch (error) {
    return { ...base, provider, reference: place.reference.written, failed: true, error }
  }
}

async function settle(
  place: SecretPlace,
  ref: ProviderRef,
  answer: ProviderAnswer,
  session: Session,
  mode: Mode,
): Promise<Secret<unknown> | undefined> {
  if ('error' in answer) throw answer.error
  if (answer.value === undefined) {
    if (place.optional) return undefined
    const remedy = `Put it where the provider "${ref.provider}" looks, or correct its name.`
    const elsewhere = ref.provider === COFFER ? {} : { remedy }
    const where = answer.where === undefined ? '' : ` in ${answer.where}`
    const part =
      ref.version === undefined
        ? ref.label === undefined
          ? ''
          : `, or none of its versions is labelled ${ref.label}`
        : `, or it has no version ${ref.version}`
    throw new CofferError('not_found', `There is no such secret${where}${part}.`, elsewhere)
  }
  return secretOf(place, ref, answer.value, session, mode)
}

async function secretOf(
  place: SecretPlace,
  ref: ProviderRef,
  value: ProviderValue,
  session: Session,
  mode: Mode,
): Promise<Secret<unknown>> {
  const held = await holdValue(place, ref, value, mode)
  if (mode === 'text') return toSecret(held, showReference(ref), value.version, undefined)
  const watch = watcher<unknown>({
    provider: session.find(ref.provider),
    ref,
    known: () => made,
    async resolve() {
      const { timeoutMs } = session.load
      const [answer] = await fetchAll([ref], { find: session.findFresh, timeoutMs })
      const now = await settle(
        { ...place, optional: false },
        ref,
        answer ?? { error: undefined },
        session,
        mode,
      )
      return now ?? made
    },
  })
  const made = toSecret(held, showReference(ref), value.version, watch)
  return made
}

async function holdValue(
  { schema }: SecretPlace,
  ref: ProviderRef,
  { secret }: ProviderValue,
  mode: Mode,
): Promise<Held> {
  const material = materialOf(ref, secret)
  if (schema === undefined) return holdText(material.text())
  const output = await validate(schema, material.candidates())
  return mode === 'text' ? holdText(material.text()) : hold(output, secret.revealBytes())
}

async function fromEnvironment({ variable, schema }: EnvPlace, { vars }: Session) {
  return readVariable(variable, schema, vars)
}

async function fromLiteral({ schema, value }: LiteralPlace): Promise<unknown> {
  return freeze(await validate(schema, [value]))
}

async function fromInline({ schema, value, name }: InlinePlace): Promise<Secret<unknown>> {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const source = new TextEncoder().encode(text)
  const held =
    schema === undefined ? holdText(source) : await hold(await validate(schema, [value]), source)
  return toSecret(held, name, undefined, undefined)
}

const notNeeded = () =>
  new CofferError('not_found', 'The manifest says that this environment does not need it.', {
    remedy: 'Add the environment to it in coffer.yaml, or make it optional here.',
  })

function noAnswer(): never {
  throw new CofferError('internal', 'A place was left without an answer.')
}

const recordedName = (answer: ProviderAnswer) =>
  'error' in answer ? undefined : answer.value?.envName
