import { createHash } from 'node:crypto'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import type { ProviderAnswer, ProviderRef } from '../../../core/ports/provider.ts'
import type { GuardContext, RemoteService } from '../guarded.ts'
import { stateFolder } from '../state-dir.ts'
import { untilOver } from '../until-over.ts'
import { remembered } from './absences.ts'
import type { Ambient } from './ambient.ts'
import { attempt } from './attempts.ts'
import { flightsOf } from './flights.ts'
import type { Flights } from './flights.ts'
import { gateOf } from './gate.ts'
import type { Gate } from './gate.ts'
import { laneOf } from './lane.ts'
import type { Lane } from './lane.ts'
import { memoryIn } from './memory.ts'
import { standInOf } from './stand-in.ts'
import type { Memory } from './memory.ts'

export type Resolve = (
  refs: readonly ProviderRef[],
  signal: AbortSignal,
) => Promise<ProviderAnswer[]>

/** What the loads of one process share of one scope. */
interface Scope {
  readonly hash: string
  readonly lane: Lane
  readonly memory: Memory
  readonly gate: Gate
  readonly flights: Flights
  /** Whether this process asked for it before: then it is asked for again, also while absent. */
  readonly asked: Set<string>
}

/** By environment: a process has one, and a test as many as it makes. */
const SCOPES = new WeakMap<object, Map<string, Scope>>()

/** @see guarded */
export function resolver(service: RemoteService, context: GuardContext, world: Ambient): Resolve {
  const { env } = context
  const standIn = standInOf(service.kind, titleOf(service), context, world)
  return async (refs, signal) => {
    if (refs.length === 0) return []
    let scope: Scope
    try {
      scope = scopeOf(env, service, await untilOver(service.scope(), signal), world)
    } catch (error) {
      return refs.map(() => ({ error }))
    }
    const answers: (ProviderAnswer | undefined)[] = []
    const wanted = new Map<string, ProviderRef>()
    const keys = refs.map(keyOf)
    // Who must not have old values must not have old absences.
    const absences = context.onOffline === false ? {} : scope.memory.read().absences
    for (const [i, ref] of refs.entries()) {
      const key = keys[i]!
      if (!scope.asked.has(key)) answers[i] = fromMemory(remembered(absences, key, world.now()))
      if (answers[i] === undefined) wanted.set(key, ref)
    }
    const asked = [...wanted.keys()]
    const flights = service.shared === false ? flightsOf() : scope.flights
    const found = await flights.ask(
      [...wanted.values()],
      asked,
      service.batchMax,
      (batch, names, over) => askBatch(service, scope, world, batch, names, over),
      signal,
    )
    const heard = new Map(asked.map((key, i) => [key, found[i]]))
    const all = keys.map((key, i) => answers[i] ?? heard.get(key) ?? { error: undefined })
    return standIn(scope.hash, keys, all)
  }
}

async function askBatch(
  service: RemoteService,
  { lane, gate, asked }: Scope,
  world: Ambient,
  refs: readonly ProviderRef[],
  keys: readonly string[],
  signal: AbortSignal,
): Promise<readonly ProviderAnswer[]> {
  const all = (error: unknown) => refs.map(() => ({ error }))
  const { opened } = gate.seen()
  if (!(await lane.enter(signal))) return all(signal.reason)
  try {
    // What failed while this waited for its turn would fail again.
    const now = gate.seen()
    if (now.opened !== opened) return all(now.error)
    const pass = await gate.admit(signal)
    if ('error' in pass) return all(pass.error)
    for (const key of keys) asked.add(key)
    const heard = await attempt(
      service,
      refs,
      lane,
      world,
      signal,
      pass.retriesMax ?? service.retriesMax,
    )
    await gate.learn(pass, heard, keys)
    return heard.answers
  } catch (error) {
    return all(error)
  } finally {
    lane.leave()
  }
}

/** What this process knows of a scope: `name` as `RemoteService.scope` says it. */
export function scopeOf(
  env: GuardContext['env'],
  service: Pick<RemoteService, 'kind' | 'title' | 'login' | 'callsMax'>,
  name: string,
  world: Ambient,
): Scope {
  const { kind, callsMax, login } = service
  const hash = hashOf([kind, name]).slice(0, 32)
  const scopes = SCOPES.get(env) ?? new Map<string, Scope>()
  SCOPES.set(env, scopes)
  const known = scopes.get(hash)
  if (known !== undefined) return known
  const folder = stateFolder(env, 'providers')
  const file = folder === undefined ? undefined : path.join(folder, `${kind}-${hash}.json`)
  const memory = memoryIn(file, world)
  const lane = laneOf(world, callsMax)
  const gate = gateOf({ title: titleOf(service), login }, lane, memory, world)
  const scope = { hash, lane, memory, gate, flights: flightsOf(), asked: new Set<string>() }
  scopes.set(hash, scope)
  return scope
}

const titleOf = ({ title, kind }: Pick<RemoteService, 'title' | 'kind'>) =>
  title ?? `The provider ${kind}`

/** What a provider sees of a reference. */
const keyOf = ({ key, label, version }: ProviderRef): string =>
  hashOf([key, label, version]).slice(0, 16)

const hashOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex')

function fromMemory(absence: ReturnType<typeof remembered>): ProviderAnswer | undefined {
  if (absence === undefined) return undefined
  if (absence.code === 'not_found') return { value: undefined }
  const at = new Date(absence.until).toISOString().slice(11, 19)
  return {
    error: new CofferError(
      'denied',
      `It was denied a moment ago, and is asked for from ${at} UTC.`,
    ),
  }
}
