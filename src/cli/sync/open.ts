import type { SyncEntry, SyncTarget, SyncWorld } from '../../compose/sync.ts'
import type { DeliveryEntry, DeliveryTarget, Manifest } from '../../config/manifest/manifest.ts'
import { wordsOf } from '../../config/manifest/command-words.ts'
import { disagreement } from '../../config/manifest/one-place.ts'
import { isOwn } from '../../config/manifest/own.ts'
import type { Providers } from '../../config/providers.ts'
import { CofferError } from '../../core/errors.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { JsonObject } from '../../core/value.ts'
import type { Session } from '../session.ts'
import { manifestHere } from '../generated.ts'
import { usage } from '../parse.ts'

/** What one `coffer sync` is about: the places of one environment. */
export interface Syncing {
  readonly env: string
  readonly project: string
  readonly owner: string
  readonly places: readonly Place[]
  readonly world: SyncWorld
  close(): Promise<void>
}

/** A place, or why there is none. */
export interface Place {
  /** The destination's id; without one, its kind and where the manifest first speaks of it. */
  readonly title: string
  /** What the manifest calls it: kinds, and names of `destinations`. */
  readonly names: ReadonlySet<string>
  readonly target?: SyncTarget | undefined
  readonly error?: unknown
}

/**
 * The manifest's deliveries in an environment, with their destinations.
 * @throws ConfigError, CofferError `not_found`, `invalid_config`, `invalid_argument`
 */
export async function openSyncing(
  session: Session,
  options: { readonly env: string | undefined; readonly only: readonly string[] },
  signal: AbortSignal,
): Promise<Syncing> {
  const { deliveriesOf } = await import('../../config/manifest/deliveries.ts')
  const manifest = await manifestHere(session)
  const env = await environmentName(session, options.env)
  const deliveries = deliveriesOf(manifest, env)
  const owner = `${manifest.project}/${env}`
  const { openProviders } = await import('../../config/providers.ts')
  const coffer = await session.coffer()
  const load = { coffer, processEnv: session.world.env, onOffline: false } as const
  const providers = openProviders(load, manifest.providers)
  const opened: Place[] = []
  const close = async () => {
    await providers.close()
    for (const { target } of opened) await target?.destination.close?.()
  }
  try {
    const world = await worldOf(session, coffer, providers, signal)
    const open = async (one: DeliveryTarget) => {
      const place = await openPlace(session, manifest, env, one)
      opened.push(place)
      return place
    }
    const declared = await Promise.all(deliveries.map(open))
    refuseSame(declared, deliveries)
    const left = await leftBehind(session, world, owner, declared, open)
    const places = choose([...declared, ...left], options.only)
    return { env, project: manifest.project, owner, places, world, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Places that the manifest no longer speaks of, with nothing wanted there. One that this environment does
 * not lead to any more is told, and stands in nobody's way.
 */
async function leftBehind(
  session: Session,
  { coffer }: SyncWorld,
  owner: string,
  declared: readonly Place[],
  open: (one: DeliveryTarget) => Promise<Place>,
): Promise<Place[]> {
  const { abandonedBy } = await import('../../compose/sync.ts')
  // One that cannot be opened has no id: it would be taken for abandoned.
  if (declared.some(({ target }) => target === undefined)) return []
  const found = await abandonedBy(coffer, owner, new Set(declared.map(({ title }) => title)))
  const places: Place[] = []
  for (const { destination, place } of found) {
    const options = place.options as DeliveryTarget['options']
    const opened = await open({ kind: place.kind, options, entries: [] })
    if (opened.title === destination) {
      places.push(opened)
      continue
    }
    session.out.warn(
      `Something of ${owner} is left at ${destination}, which cannot be opened here.`,
    )
  }
  return places
}

async function environmentName(session: Session, env: string | undefined): Promise<string> {
  const project = await session.project()
  if (project === undefined) throw new CofferError('internal', 'A manifest without a project.')
  return project.environmentName({ env, processEnv: session.world.env })
}

async function openPlace(
  session: Session,
  manifest: Manifest,
  env: string,
  delivery: DeliveryTarget,
): Promise<Place> {
  const { openDestination } = await import('../../compose/sync.ts')
  const names = new Set([delivery.kind, ...delivery.entries.map(({ to }) => to)])
  try {
    const destination = await openDestination(delivery.kind, {
      env: session.world.env,
      options: delivery.options,
      dir: manifest.dir,
      environment: env,
    })
    const entries = entriesOf(manifest, env, delivery.entries)
    const owner = `${manifest.project}/${env}`
    const place = { kind: delivery.kind, options: structuredClone(delivery.options) as JsonObject }
    return { title: destination.id, names, target: { destination, owner, entries, place } }
  } catch (error) {
    const at = delivery.entries[0]?.at
    return { title: at === undefined ? delivery.kind : `${delivery.kind} (${at})`, names, error }
  }
}

function entriesOf(
  manifest: Manifest,
  env: string,
  entries: readonly DeliveryEntry[],
): SyncEntry[] {
  const prefix = manifest.environments.find(({ name }) => name === env)?.prefix ?? ''
  return entries.map(({ name, secret, reference: { ref } }) => {
    const isHere = isOwn(manifest, ref)
    const path = isHere ? ref.key : `${prefix}/${secret.name}`
    const elsewhere = isHere ? undefined : `${ref.provider}:${ref.key}`
    const { description, owner, classification, rotateEveryDays } = secret
    const about = { description, owner, classification, rotateEveryDays }
    const words = isHere ? wordsOf(secret.name, env, ref) : undefined
    return { name, path, ref, elsewhere, words, optional: secret.optional, about }
  })
}

async function worldOf(
  session: Session,
  coffer: Coffer,
  providers: Providers,
  signal: AbortSignal,
): Promise<SyncWorld> {
  const { ambient } = await import('../../compose/sync.ts')
  const { materialOf } = await import('../../config/extract.ts')
  const { fetchAll } = await import('../../config/fetch.ts')
  return {
    coffer,
    // The first call of many: what is refused here is not asked again by each start of a --watch.
    actor: await session.guarded(() => session.actor()),
    clock: session.world.now,
    random: ambient.random,
    process: ambient.process,
    signal,
    elsewhere: (refs) => fetchAll(refs, { find: (name) => providers.find(name).provider, signal }),
    material(ref, secret) {
      if (ref.field === undefined && ref.encoding === undefined) return secret.revealBytes()
      const material = materialOf(ref, secret)
      const bytes = material.candidates().find((one) => one instanceof Uint8Array)
      return Uint8Array.from(bytes ?? material.text())
    },
  }
}

/** By id, name or kind. */
function choose(places: readonly Place[], only: readonly string[]): readonly Place[] {
  if (only.length === 0) return places
  const chosen = places.filter(({ title, names }) =>
    only.some((one) => title === one || names.has(one)),
  )
  if (chosen.length > 0) return chosen
  const known = places.map(({ title }) => title).join(', ')
  throw usage(`Nothing is delivered to ${only.join(', ')}.`, `Here there are: ${known || 'none'}.`)
}

/** Of the same order. @throws CofferError `invalid_config` */
function refuseSame(places: readonly Place[], deliveries: readonly DeliveryTarget[]): void {
  const seen = new Map<string, DeliveryTarget>()
  for (const [i, { title, target }] of places.entries()) {
    const [first, delivery] = [seen.get(title), deliveries[i]]
    if (target === undefined || delivery === undefined) continue
    if (first !== undefined) {
      const { message, remedy } = disagreement(title, first, delivery)
      throw new CofferError('invalid_config', message, { remedy })
    }
    seen.set(title, delivery)
  }
}
