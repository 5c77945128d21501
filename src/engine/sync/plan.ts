import { CofferError, describeError } from '../../core/errors.ts'
import type { DeliveryContext, DestinationEntry } from '../../core/ports/destination.ts'
import { compareUtf8 } from '../../core/utf8-order.ts'
import { decide, FOREIGN, standingOf } from './decide.ts'
import type { Decision, Question, Wanted } from './decide.ts'
import { checkName, checkValueFits, roomAt } from './fits.ts'
import type { Room } from './fits.ts'
import { fingerprintWith, loadLedger, newLedger } from './ledger.ts'
import type { Ledger } from './ledger.ts'
import type { PlanItem, PlanStep, SyncEntry, SyncPlan, SyncTarget, SyncWorld } from './sync.ts'
import { currentVersions, isWhole, readForDelivery } from './values.ts'
import type { Found } from './values.ts'

export interface PlanOptions {
  /** Foreign entries that may be taken over, by name; `all` of those that are wanted. */
  readonly adopt?: ReadonlySet<string> | 'all' | undefined
}

/**
 * What `applySync` would do, and nothing of it done. Values that are not known to be there already are
 * read and audited as delivered, for their size and to be compared, and forgotten.
 * @throws CofferError what `list` of the destination throws, and `loadLedger`
 */
export async function planSync(
  target: SyncTarget,
  world: SyncWorld,
  { adopt = new Set() }: PlanOptions = {},
): Promise<SyncPlan> {
  const { destination, entries, owner } = target
  const ledger =
    destination.local === true
      ? newLedger(destination.id, world.random)
      : await loadLedger(world, destination.id)
  const context = deliveryContext(target, ledger, world)
  const names = new Set([...entries.map(({ name }) => name), ...ledger.entries.keys()])
  const found = await destination.list(context, [...names])
  const draft: Draft = {
    target,
    actor: world.actor,
    context,
    ledger,
    adopt,
    found: new Map(found.map((entry) => [entry.name, entry])),
    room: roomAt(destination, found, ledger),
    items: new Map(),
    steps: new Map(),
  }
  planRemovals(draft)
  await planEntries(draft, world)
  const items = [...draft.items.values()].toSorted((a, b) => compareUtf8(a.name, b.name))
  const removeFirst = draft.room.isTight()
  return {
    destination: destination.id,
    owner,
    items,
    ledger,
    steps: draft.steps,
    owed: ledger.owed === true && destination.finish !== undefined,
    warnings: (await destination.warnings?.()) ?? [],
    removeFirst,
  }
}

/** What the destination is given with every call. */
export const deliveryContext = (
  { owner }: SyncTarget,
  ledger: Ledger,
  { signal }: SyncWorld,
): DeliveryContext => ({ signal, owner, fingerprint: fingerprintWith(ledger.key) })

interface Draft {
  readonly target: SyncTarget
  readonly actor: string
  readonly context: DeliveryContext
  readonly ledger: Ledger
  readonly adopt: ReadonlySet<string> | 'all'
  readonly found: ReadonlyMap<string, DestinationEntry>
  readonly room: Room
  readonly items: Map<string, PlanItem>
  readonly steps: Map<string, PlanStep>
}

function questionOf({ target, ledger, found, adopt }: Draft, name: string): Question {
  const { destination: place, owner } = target
  return {
    owner,
    place,
    recorded: ledger.entries.get(name),
    found: found.get(name),
    adopt: adopt === 'all' || adopt.has(name),
  }
}

/** What is ours and no longer declared. First, for it makes room. */
function planRemovals(draft: Draft): void {
  const { target, ledger, found, room } = draft
  const declared = new Set(target.entries.map(({ name }) => name))
  const ours =
    target.destination.local === true
      ? [...found.values()].filter(({ owner }) => owner === target.owner).map(({ name }) => name)
      : [...ledger.entries].filter(([, { owner }]) => owner === target.owner).map(([name]) => name)
  for (const name of ours) {
    if (declared.has(name)) continue
    // `all` is said of what is wanted: nothing is deleted by it.
    const question = questionOf(
      { ...draft, adopt: draft.adopt === 'all' ? new Set<string>() : draft.adopt },
      name,
    )
    const decision = decide(question, undefined)
    if (decision === undefined) continue
    const path = ledger.entries.get(name)?.path ?? ''
    draft.items.set(name, itemOf({ name, path }, question, decision))
    draft.steps.set(name, { found: found.get(name) })
    if (decision.action === 'delete') room.free(name)
  }
}

async function planEntries(draft: Draft, world: SyncWorld): Promise<void> {
  const { destination } = draft.target
  const asked: SyncEntry[] = []
  const candidates: SyncEntry[] = []
  for (const entry of draft.target.entries) {
    const question = questionOf(draft, entry.name)
    try {
      checkName(destination, entry.name)
    } catch (error) {
      refuse(draft, entry, error)
      continue
    }
    const { kind } = standingOf(question)
    const blocked = kind === 'claimed' || (kind === 'foreign' && !question.adopt)
    if (blocked) settle(draft, entry, 'same')
    else if (mayBeSame(question, entry)) candidates.push(entry)
    else asked.push(entry)
  }
  const versions = candidates.length === 0 ? new Map() : await currentVersions(world, candidates)
  for (const entry of candidates) {
    const there = draft.ledger.entries.get(entry.name)?.there
    if (versions.get(entry.ref.key) !== there?.version) asked.push(entry)
    else settle(draft, entry, 'same', there)
  }
  const asks = asked.map((entry) => ({ entry }))
  await readForDelivery(world, destination, asks, (found, batch) => {
    for (const [i, { entry }] of batch.entries()) settleFound(draft, entry, found[i])
  })
}

/** Whether the version alone can say that nothing is to be done. */
const mayBeSame = (question: Question, entry: SyncEntry): boolean =>
  question.place.local !== true &&
  isWhole(entry) &&
  entry.ref.version === undefined &&
  entry.ref.label === undefined &&
  question.recorded?.path === entry.path &&
  question.recorded.there?.version !== undefined &&
  standingOf(question).kind === 'ours'

function settleFound(draft: Draft, entry: SyncEntry, found: Found | undefined): void {
  const { destination } = draft.target
  if (found?.kind === 'absent') {
    if (entry.optional === true) return settleUnwanted(draft, entry)
    return refuse(draft, entry, noSuchSecret(entry, found.where))
  }
  if (found?.kind !== 'value') return refuse(draft, entry, found?.error)
  try {
    checkValueFits(destination, entry.name, found.bytes)
    draft.room.take(entry.name, found.bytes.length)
  } catch (error) {
    return refuse(draft, entry, error)
  }
  const fingerprint = draft.context.fingerprint(found.bytes)
  const about = { version: found.version, bytes: found.bytes.length }
  settle(draft, entry, { fingerprint }, about)
}

function settle(
  draft: Draft,
  entry: SyncEntry,
  wanted: NonNullable<Wanted>,
  about: Pick<PlanItem, 'version' | 'bytes'> = {},
): void {
  const question = questionOf(draft, entry.name)
  const decision = decide(question, wanted)
  if (decision === undefined) return
  draft.items.set(entry.name, itemOf({ ...entry, ...about }, question, decision))
  const fingerprint = wanted === 'same' ? undefined : wanted.fingerprint
  draft.steps.set(entry.name, { entry, found: question.found, fingerprint })
}

/** An optional secret that is not there: what we delivered of it goes. */
function settleUnwanted(draft: Draft, entry: SyncEntry): void {
  const question = { ...questionOf(draft, entry.name), adopt: false }
  const { owner, recorded, found, place } = question
  const ours = place.local === true ? found?.owner === owner : recorded?.owner === owner
  const decision = ours ? decide(question, undefined) : undefined
  if (decision === undefined) return
  draft.items.set(entry.name, itemOf(entry, question, decision))
  draft.steps.set(entry.name, { found })
}

function itemOf(
  { name, path, version, bytes }: Pick<PlanItem, 'name' | 'path' | 'version' | 'bytes'>,
  question: Question,
  { action, reason }: Decision,
): PlanItem {
  const item = { name, path, action, reason, version, bytes }
  if (action !== 'refused') return item
  const { message, remedy } = explain(question, reason)
  return { ...item, version: undefined, bytes: undefined, message, remedy }
}

function explain(question: Question, reason: string): { message: string; remedy: string } {
  const standing = standingOf(question)
  if (standing.kind === 'claimed') {
    return {
      message: `It is owned by ${standing.by}.`,
      remedy:
        projectOf(standing.by) === projectOf(question.owner)
          ? 'Say with `environments: […]` in the line which environment delivers it, or put ${env} into its name.'
          : 'Give it another name here, or take it out of the other manifest first.',
    }
  }
  if (standing.kind === 'foreign') {
    return {
      message: FOREIGN[standing.reason],
      remedy: 'Give it another name, or take it over with --adopt NAME.',
    }
  }
  return {
    message: `Somebody changed it there (${reason}), and it is no longer declared.`,
    remedy: 'Delete it by hand, or with --adopt NAME.',
  }
}

/** Of an owner, `PROJECT/ENV`. */
const projectOf = (owner: string): string => owner.slice(0, owner.lastIndexOf('/'))

function refuse(draft: Draft, { name, path }: SyncEntry, error: unknown): void {
  const { code, message, remedy } = describeError(error)
  draft.items.set(name, {
    name,
    path,
    action: 'refused',
    reason: code,
    message,
    remedy:
      code === 'denied'
        ? `Somebody who may change policies runs \`${consentCommand(draft)}\`.`
        : remedy,
  })
}

function consentCommand({ target: { owner }, actor }: Draft): string {
  const environment = owner.slice(owner.lastIndexOf('/') + 1)
  return `coffer sync allow --env ${environment} --actor ${actor}`
}

function noSuchSecret(
  { path, elsewhere, words = path }: SyncEntry,
  where: string | undefined,
): CofferError {
  const place = where === undefined ? '' : ` in ${where}`
  return elsewhere === undefined
    ? new CofferError('not_found', `There is no secret ${path}.`, {
        remedy: `Store it with \`coffer set ${words}\`, or take it out of the manifest.`,
      })
    : new CofferError('not_found', `There is no ${elsewhere}${place}.`, {
        remedy: 'Put it there, or take it out of the manifest.',
      })
}
