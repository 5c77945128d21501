import { CofferError, isCofferError } from '../../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
  PutChange,
} from '../../../core/ports/destination.ts'
import type { Rest } from '../../net/rest.ts'
import { several } from '../../net/several.ts'
import { attempted, untilThrottled } from '../attempt.ts'
import { judge } from '../judge.ts'
import { textValue } from '../text-value.ts'
import { markOf } from './mark.ts'
import type { VercelPlace } from './place.ts'
import { listVariables, strange, variableOf } from './variables.ts'
import type { Raw, Scope, Variable } from './variables.ts'

/**
 * Judges every change by what is there now, then makes what is new in one call, and changes and
 * removes by id. What is new never writes over anything: Vercel refuses a name that is taken.
 */
export async function applyChanges(
  rest: Rest,
  place: VercelPlace,
  scope: Scope,
  delivery: DeliveryContext,
  changes: readonly DestinationChange[],
): Promise<ApplyAnswer[]> {
  const { signal } = delivery
  const there = await listVariables(rest, place, scope, signal)
  const judged = changes.map((change) => judge(change, there.get(change.name)?.entry))
  const created: PutChange[] = []
  for (const [i, change] of changes.entries()) {
    if (judged[i] === undefined && change.kind === 'put' && !there.has(change.name)) {
      created.push(change)
    }
  }
  const made = await create(rest, place, scope, delivery, created)
  const attempt = untilThrottled(signal)
  return several([...changes.entries()], WIDTH, ([i, change]) => {
    const known = judged[i] ?? made.get(change)
    if (known !== undefined) return Promise.resolve(known)
    const variable = there.get(change.name)
    return attempt(async () => {
      if (variable === undefined) throw strange()
      return change.kind === 'put'
        ? edit(rest, place, scope, delivery, change, variable)
        : remove(rest, place, variable, signal)
    })
  })
}

/** Changes that are under way at once. */
const WIDTH = 4

/** Of each, what became of it. */
async function create(
  rest: Rest,
  place: VercelPlace,
  scope: Scope,
  delivery: DeliveryContext,
  puts: readonly PutChange[],
): Promise<ReadonlyMap<DestinationChange, ApplyAnswer>> {
  const answers = new Map<DestinationChange, ApplyAnswer>()
  const bodies = new Map<PutChange, unknown>()
  for (const put of puts) {
    const answer = await attempted(delivery.signal, async () => {
      bodies.set(put, { key: put.name, ...bodyOf(put, place, delivery), ...whereOf(scope) })
      return { done: true }
    })
    if (!answer.done) answers.set(put, answer)
  }
  if (bodies.size === 0) return answers
  const alone = (put: PutChange) => createThese(rest, place, delivery, bodies, [put])
  const all = await createThese(rest, place, delivery, bodies, [...bodies.keys()])
  for (const [put, answer] of all) answers.set(put, answer)
  // One that is refused may have all refused: then each is asked for by itself.
  const [first] = all.values()
  if (bodies.size > 1 && new Set(all.values()).size === 1 && isRefused(first)) {
    for (const found of await several([...bodies.keys()], WIDTH, alone)) {
      for (const [put, answer] of found) answers.set(put, answer)
    }
  }
  return answers
}

const isRefused = (answer: ApplyAnswer | undefined): boolean =>
  answer?.done === false &&
  isCofferError(answer.error) &&
  ['invalid_value', 'conflict'].includes(answer.error.code)

async function createThese(
  rest: Rest,
  { project, team, name }: VercelPlace,
  { signal }: DeliveryContext,
  bodies: ReadonlyMap<PutChange, unknown>,
  puts: readonly PutChange[],
): Promise<ReadonlyMap<PutChange, ApplyAnswer>> {
  let document: unknown
  const answer = await attempted(signal, async () => {
    const answered = await rest({
      method: 'POST',
      path: `/v10/projects/${project}/env`,
      query: team,
      body: puts.map((put) => bodies.get(put)),
      // A second time it would find what the first one made, and could not tell whose it is.
      repeatable: false,
      what: `to make variables of ${name}`,
      signal,
    })
    document = answered.document
    return { done: true }
  })
  const { created, failed } = (document ?? {}) as { created?: unknown; failed?: unknown }
  return new Map(
    puts.map((put) => [
      put,
      answer.done ? outcomeOf(put, listOf(created), listOf(failed)) : answer,
    ]),
  )
}

const listOf = (value: unknown): readonly Raw[] =>
  Array.isArray(value) ? (value as Raw[]) : typeof value === 'object' && value ? [value as Raw] : []

function outcomeOf(put: PutChange, created: readonly Raw[], failed: readonly Raw[]): ApplyAnswer {
  const made = created.find(({ key }) => key === put.name)
  if (made !== undefined) return doneOf(made)
  const errors = failed.map(({ error }) => (error ?? {}) as Raw)
  const error = errors.find(({ envVarKey, key }) => (envVarKey ?? key) === put.name)
  if (error === undefined) return { done: false, error: strange(), unknown: true }
  const code = isTaken(error['code']) ? 'conflict' : 'invalid_value'
  const says =
    code === 'conflict' ? `Vercel has a ${put.name} there.` : `Vercel does not accept ${put.name}.`
  return { done: false, error: new CofferError(code, says) }
}

/** Vercel's words for a name that is taken, there or in some of several environments. */
export const isTaken = (code: unknown): boolean =>
  code === 'ENV_ALREADY_EXISTS' || code === 'ENV_CONFLICT'

const doneOf = (raw: Raw): ApplyAnswer => {
  const { revision, updatedAt } = variableOf(raw).entry
  return updatedAt === undefined ? { done: true } : { done: true, revision, updatedAt }
}

function bodyOf(put: PutChange, place: VercelPlace, { owner }: DeliveryContext) {
  return {
    value: textValue(put),
    // Vercel does not keep secrets of development from those who work on the project.
    type: place.target === 'development' ? 'encrypted' : 'sensitive',
    comment: markOf(owner, put),
  }
}

/** Vercel takes no empty list of environments. */
const whereOf = ({ target, customEnvironmentIds }: Scope) =>
  target.length > 0 ? { target } : { customEnvironmentIds }

async function edit(
  rest: Rest,
  place: VercelPlace,
  scope: Scope,
  delivery: DeliveryContext,
  put: PutChange,
  variable: Variable,
): Promise<ApplyAnswer> {
  // What other environments read too would change for them; ours is taken back from them.
  if (variable.isShared && variable.entry.owner !== delivery.owner) {
    throw new CofferError('conflict', `${put.name} holds in other environments at Vercel, too.`, {
      remedy: `Take ${place.target} from it at Vercel, then make a new plan.`,
    })
  }
  const where = variable.isShared ? { customEnvironmentIds: [], ...scope } : {}
  const { document } = await rest({
    method: 'PATCH',
    path: `/v9/projects/${place.project}/env/${encodeURIComponent(variable.id)}`,
    query: place.team,
    body: { ...bodyOf(put, place, delivery), ...where },
    repeatable: true,
    what: `to change ${put.name} of ${place.name}, which was of the type ${typeOf(variable)}`,
    signal: delivery.signal,
  })
  return doneOf((document ?? {}) as Raw)
}

/** Nothing of an answer is repeated but words that are known. */
const typeOf = ({ type }: Variable): string =>
  ['plain', 'encrypted', 'sensitive', 'system', 'secret'].find((one) => one === type) ?? 'unknown'

async function remove(
  rest: Rest,
  place: VercelPlace,
  variable: Variable,
  signal: AbortSignal,
): Promise<ApplyAnswer> {
  try {
    await rest({
      method: 'DELETE',
      path: `/v9/projects/${place.project}/env/${encodeURIComponent(variable.id)}`,
      query: place.team,
      repeatable: true,
      what: `to remove ${variable.entry.name} of ${place.name}`,
      signal,
    })
  } catch (error) {
    // The project was listed just before: it is this variable that is not there.
    if (!isCofferError(error, 'not_found')) throw error
  }
  return { done: true }
}
