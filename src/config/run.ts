import { CofferError, describeError } from '../core/errors.ts'
import type { ProviderRef } from '../core/ports/provider.ts'
import type { Secret } from '../core/secret.ts'
import type { CheckReport, ConfigOptions, ConfigReference } from './define.ts'
import { envNameOf } from './env-name.ts'
import { environmentName } from './options.ts'
import type { LoadOptions } from './options.ts'
import type { Place, Plan, SecretPlace } from './plan.ts'
import { ConfigError } from './problem.ts'
import type { Problem } from './problem.ts'
import { resolvePlaces } from './resolve.ts'
import type { Outcome } from './resolve.ts'
import { locatorIn, openSession } from './session.ts'
import type { Memory, Session } from './session.ts'

/** @throws ConfigError, CofferError `cancelled` */
export async function runLoad(
  plan: Plan,
  config: ConfigOptions,
  load: LoadOptions,
  memory: Memory,
): Promise<unknown> {
  const session = openOrRefuse(config, load, memory)
  let isLoaded = false
  try {
    const outcomes = await resolvePlaces(plan.places, session, 'typed')
    refuse(problemsOf(outcomes), load.signal)
    const built = plan.build(outcomes.map((outcome) => outcome.value))
    isLoaded = true
    return built
  } finally {
    // What can be watched goes on to answer for `onChange`.
    await session.close(({ watch }) => !isLoaded || watch === undefined)
  }
}

/** @throws CofferError `cancelled` only */
export async function runCheck(
  plan: Plan,
  config: ConfigOptions,
  load: LoadOptions,
  memory: Memory,
): Promise<CheckReport> {
  let session: Session
  try {
    session = openSession(config, { ...load, cache: undefined }, memory)
  } catch (error) {
    return { ok: false, fields: [{ ...frameProblem(error), isSecret: false, ok: false }] }
  }
  const outcomes = await resolvePlaces(plan.places, session, 'typed')
  await session.close()
  refuse([], load.signal)
  const fields = outcomes.map((outcome) => {
    const { name: field, at: position } = outcome.place
    const { reference, provider, failed } = outcome
    const told = failed ? describeError(outcome.error) : {}
    const isSecret = ['secret', 'inline'].includes(outcome.place.kind)
    return { field, position, reference, provider, isSecret, ok: !failed, ...told }
  })
  return { ok: fields.every((field) => field.ok), fields }
}

/** @throws CofferError for the environment's name or the prefix */
export function runReferences(
  plan: Plan,
  config: ConfigOptions,
  env: string | undefined,
): ConfigReference[] {
  const find = locatorIn(config, environmentName({ env }, config.manifest?.environment))
  return plan.places.filter(isSecret).flatMap(({ name: field, reference, optional }) => {
    try {
      const located = find(reference)
      if (located === undefined) return []
      const { provider, key, label, version } = located
      return [{ field, provider, key, label, version, optional, envName: reference.envName }]
    } catch (error) {
      if (error instanceof CofferError) return []
      throw error
    }
  })
}

/** @throws ConfigError, CofferError `cancelled` */
export async function runEnvironment(
  plan: Plan,
  config: ConfigOptions,
  load: LoadOptions,
  memory: Memory,
): Promise<Map<string, Secret<string>>> {
  const session = openOrRefuse(config, load, memory)
  const places = plan.places.filter((place) => place.kind !== 'env' && place.kind !== 'literal')
  const outcomes = await resolvePlaces(places, session, 'text')
  await session.close()
  const named = new Map<string, { place: Place; ref: ProviderRef | undefined; value: unknown }>()
  const problems = problemsOf(outcomes)
  for (const { place, ref, recordedName, value, failed } of outcomes) {
    if (failed || value === undefined || place.kind !== 'secret') continue
    const name = envNameOf(place, recordedName)
    const taken = named.get(name)
    if (taken === undefined) named.set(name, { place, ref, value })
    else if (!isSame(taken.ref, ref)) problems.push(collision(name, taken.place, place, ref))
  }
  refuse(problems, load.signal)
  return new Map([...named].map(([name, { value }]) => [name, value as Secret<string>]))
}

const isSecret = (place: Place): place is SecretPlace => place.kind === 'secret'

const isSame = (a: ProviderRef | undefined, b: ProviderRef | undefined) =>
  JSON.stringify(a) === JSON.stringify(b)

function openOrRefuse(config: ConfigOptions, load: LoadOptions, memory: Memory): Session {
  try {
    return openSession(config, load, memory)
  } catch (error) {
    if (error instanceof CofferError) throw new ConfigError([frameProblem(error)])
    throw error
  }
}

function refuse(problems: readonly Problem[], signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new CofferError('cancelled', 'Loading was cancelled.')
  if (problems.length > 0) throw new ConfigError(problems)
}

const problemsOf = (outcomes: readonly Outcome[]): Problem[] =>
  outcomes
    .filter((outcome) => outcome.failed)
    .map(({ place, reference, provider, error }) => ({
      field: place.name,
      position: place.at,
      reference,
      provider,
      ...describeError(error),
    }))

/** What is wrong before any field is looked at. */
const frameProblem = (error: unknown): Problem => ({
  field: '(configuration)',
  reference: '',
  provider: '',
  ...describeError(error),
})

const collision = (
  name: string,
  first: Place,
  second: Place,
  ref: ProviderRef | undefined,
): Problem => ({
  field: second.name,
  reference: ref?.key ?? '',
  provider: ref?.provider ?? '',
  ...describeError(
    new CofferError('env_collision', `It would be ${name}, which ${first.name} already is.`),
  ),
})
