import { CofferError } from '../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  DestinationChange,
} from '../../core/ports/destination.ts'
import { decodeText, Secret } from '../../core/secret.ts'
import { isChange, isEmptying } from './sync.ts'
import type { PlanItem, SyncPlan, SyncReport, SyncTarget, SyncWorld } from './sync.ts'
import type { SyncOutcome, SyncResult } from './sync.ts'
import { deliveryContext } from './plan.ts'
import { openJournal } from './journal.ts'
import type { Journal } from './journal.ts'
import { readForDelivery } from './values.ts'
import type { Found } from './values.ts'

export interface ApplyOptions {
  /** Deletes nothing. */
  readonly keep?: boolean | undefined
  /** Also where it takes away all that we have there. */
  readonly allowEmpty?: boolean | undefined
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/**
 * Does what the plan says, and nothing else. One entry's failure stops no other; what is done is
 * recorded, what was begun is found by the next plan. Does not reject but for what it refuses to
 * begin.
 * @throws CofferError `conflict` while another syncs there, or when the ledger moved since the plan;
 * `invalid_argument` when everything would be deleted; what writing the ledger throws
 */
export async function applySync(
  plan: SyncPlan,
  target: SyncTarget,
  world: SyncWorld,
  options: ApplyOptions = {},
): Promise<SyncReport> {
  const results = new Map<string, Omit<SyncResult, 'item'>>()
  const chosen = plan.items.filter((item) => isChange(item) && !isKept(item, options))
  if (options.allowEmpty !== true) refuseEmptying(plan, chosen)
  const report = (error?: unknown): SyncReport => ({
    destination: plan.destination,
    results: plan.items.map((item) => ({ item, ...(results.get(item.name) ?? rest(item)) })),
    error,
  })
  if (chosen.length === 0 && !plan.owed) return report()

  const run: Run = {
    plan,
    target,
    world,
    // A change that was begun is heard out, also when the run is cancelled.
    context: {
      ...deliveryContext(target, plan.ledger, world),
      signal: new AbortController().signal,
    },
    journal: openJournal(plan, target, world),
    results,
    progress: () => options.progress?.(results.size, chosen.length),
  }
  await run.journal.begin(chosen, run.context)
  const errors: unknown[] = []
  const note = (error: unknown): void => void errors.push(error)
  await deliverAll(run, chosen).catch(note)
  await finish(run, chosen).catch(note)
  await run.journal.learnRevisions(run.context).catch(note)
  // Also after a failure: what was done is recorded, the lease given back.
  await run.journal.end().catch(note)
  return report(errors[0])
}

interface Run {
  readonly plan: SyncPlan
  readonly target: SyncTarget
  readonly world: SyncWorld
  readonly context: DeliveryContext
  readonly journal: Journal
  readonly results: Map<string, Omit<SyncResult, 'item'>>
  progress(): void
}

const OUTCOMES: Partial<Record<PlanItem['action'], SyncOutcome>> = {
  unchanged: 'unchanged',
  refused: 'refused',
}
const rest = ({ action }: PlanItem): Omit<SyncResult, 'item'> => ({
  outcome: OUTCOMES[action] ?? (action === 'delete' ? 'kept' : 'skipped'),
})

const isKept = ({ action }: PlanItem, { keep }: ApplyOptions): boolean =>
  keep === true && action === 'delete'

function refuseEmptying({ destination, items }: SyncPlan, chosen: readonly PlanItem[]): void {
  const deletes = chosen.filter(isRemoval).length
  if (deletes === 0 || !isEmptying(items)) return
  throw new CofferError(
    'invalid_argument',
    `Nothing is declared for ${destination} any more: all ${deletes} of ours there would be deleted.`,
    { remedy: 'Look whether it is the right --env; add --allow-empty if it is meant.' },
  )
}

async function deliverAll(run: Run, chosen: readonly PlanItem[]): Promise<void> {
  const { destination } = run.target
  for (const item of chosen) {
    if (item.action === 'forget') run.results.set(item.name, { outcome: 'done' })
  }
  const calls = chosen.filter(({ action }) => action !== 'forget')
  // Removals last, so that what got another name is there all the time, also when the run is cut off.
  const [removals, puts] = [calls.filter(isRemoval), calls.filter((item) => !isRemoval(item))]
  const ordered = run.plan.removeFirst ? [...removals, ...puts] : [...puts, ...removals]
  for (let from = 0; from < ordered.length; from += destination.batchMax) {
    if (run.world.signal.aborted) throw new CofferError('cancelled', 'The sync was cancelled.')
    await deliverBatch(run, ordered.slice(from, from + destination.batchMax))
    await run.journal.checkpoint()
    run.progress()
  }
}

/** What follows a delivery; that it is owed was recorded before anything was delivered. */
async function finish(run: Run, chosen: readonly PlanItem[]): Promise<void> {
  const { plan, target, context, journal, results } = run
  const outcomes = chosen
    .filter(({ action }) => action !== 'forget')
    .map(({ name }) => results.get(name)?.outcome)
  if (plan.owed || outcomes.includes('done')) await target.destination.finish?.(context)
  else if (outcomes.includes('unknown')) return
  journal.settled()
}

const isRemoval = ({ action }: PlanItem): boolean => action === 'delete'

async function deliverBatch(run: Run, batch: readonly PlanItem[]): Promise<void> {
  const { plan, target, world } = run
  const changes: DestinationChange[] = []
  const asks = []
  for (const { name, action, version } of batch) {
    const { entry, found } = plan.steps.get(name) ?? {}
    if (action === 'delete' && found !== undefined) {
      changes.push({ kind: 'remove', name, expected: found })
    } else if (entry !== undefined) {
      asks.push({ entry, version })
    }
  }
  const puts: DestinationChange[] = []
  await readForDelivery(world, target.destination, asks, (found, some) => {
    for (const [i, { entry }] of some.entries()) {
      const put = putOf(run, entry.name, found[i])
      if (put !== undefined) puts.push(put)
    }
  })
  try {
    const all = plan.removeFirst ? [...changes, ...puts] : [...puts, ...changes]
    if (all.length > 0) take(run, all, await callDestination(run, all))
  } finally {
    for (const put of puts) if (put.kind === 'put') put.secret.erase()
  }
}

/** Undefined, with a result, where the value cannot be had or is not the one that was planned. */
function putOf(
  { plan, context, results }: Run,
  name: string,
  found: Found | undefined,
): DestinationChange | undefined {
  const step = plan.steps.get(name)
  if (step?.entry === undefined) return undefined
  const { entry, found: there, fingerprint } = step
  if (found?.kind !== 'value') {
    const error = found?.kind === 'failed' ? found.error : moved(entry.path)
    results.set(name, { outcome: 'failed', error })
    return undefined
  }
  if (context.fingerprint(found.bytes) !== fingerprint) {
    results.set(name, { outcome: 'failed', error: moved(entry.path) })
    return undefined
  }
  const { path, about } = entry
  const { version } = found
  const bytes = new Uint8Array(found.bytes)
  return {
    kind: 'put',
    name,
    path,
    version,
    about,
    secret: new Secret({ name: path, version, bytes, decode: decodeText }),
    expected: there ?? 'absent',
  }
}

async function callDestination(
  { target, context }: Run,
  changes: readonly DestinationChange[],
): Promise<readonly ApplyAnswer[]> {
  try {
    return await target.destination.apply(context, changes)
  } catch (error) {
    // It was not to reject: nobody knows what was done.
    return changes.map(() => ({ done: false, error, unknown: true }))
  }
}

function take(
  run: Run,
  changes: readonly DestinationChange[],
  answers: readonly ApplyAnswer[],
): void {
  for (const [i, change] of changes.entries()) {
    const answer = answers[i] ?? NO_ANSWER
    run.journal.heard(change.name, answer)
    const result: Omit<SyncResult, 'item'> = answer.done
      ? { outcome: 'done' }
      : { outcome: answer.unknown === true ? 'unknown' : 'failed', error: answer.error }
    run.results.set(change.name, result)
  }
}

const NO_ANSWER: ApplyAnswer = {
  done: false,
  unknown: true,
  error: new CofferError('internal', 'The destination did not answer for this entry.'),
}

const moved = (path: string) =>
  new CofferError('conflict', `${path} changed since the plan was made.`, {
    remedy: 'Sync again.',
  })
