import type { ApplyAnswer, DeliveryContext } from '../../core/ports/destination.ts'
import { isCofferError } from '../../core/errors.ts'
import type { Delivered, Intent, LedgerEntry } from './ledger.ts'
import { ledgerWriter } from './ledger-writer.ts'
import { isWhole } from './values.ts'
import type { PlanItem, SyncPlan, SyncTarget, SyncWorld } from './sync.ts'

/** What an apply writes into the ledger, and when. Places on this machine have none. */
export interface Journal {
  /** Takes the lease and says what will be tried. @throws CofferError `conflict` */
  begin(items: readonly PlanItem[], context: DeliveryContext): Promise<void>
  /** Takes note of an answer. */
  heard(name: string, answer: ApplyAnswer): void
  /** Writes what was heard, when it is time to. @throws CofferError `conflict` when the lease was lost */
  checkpoint(): Promise<void>
  /** What is to follow a delivery was done, or nothing was delivered. */
  settled(): void
  /** Asks for revisions that the answers did not tell. */
  learnRevisions(context: DeliveryContext): Promise<void>
  /** Writes the rest and gives the lease back. */
  end(): Promise<void>
}

export function openJournal(plan: SyncPlan, target: SyncTarget, world: SyncWorld): Journal {
  return target.destination.local === true ? NO_JOURNAL : ledgerJournal(plan, target, world)
}

const NO_JOURNAL: Journal = {
  begin: async () => {},
  heard: () => {},
  settled: () => {},
  checkpoint: async () => {},
  learnRevisions: async () => {},
  end: async () => {},
}

/** No value's fingerprint. */
const UNKNOWN = ''
/** Where only the ledger can say whose an entry is, every answer is written down at once. */
const HEARD_MAX = 50
const WRITTEN_EVERY_MS = 10_000

function ledgerJournal(plan: SyncPlan, target: SyncTarget, world: SyncWorld): Journal {
  const { destination, owner } = target
  const writer = ledgerWriter(plan.ledger, world, target.place)
  const heard = new Map<string, LedgerEntry | undefined>()
  /** What will be there when a put is done. */
  const delivering = new Map<string, Omit<Delivered, 'revision' | 'at'>>()
  const untold = new Set<string>()
  let isLeased = false
  const isTelling = destination.marks === true || destination.readable

  /** What was found to be ours by its creation alone is ours from now on, with whatever value. */
  const thereBefore = ({ name, action }: PlanItem): Delivered | undefined => {
    const { there } = plan.ledger.entries.get(name) ?? {}
    if (there !== undefined || (action !== 'update' && action !== 'delete')) return there
    const { found } = plan.steps.get(name) ?? {}
    const bytes = found?.bytes ?? 0
    return { fingerprint: UNKNOWN, bytes, revision: found?.revision, at: world.clock() }
  }

  return {
    async begin(items, context) {
      const isMaking = !isTelling && items.some(({ action }) => action === 'create')
      const absentAt = isMaking ? await destination.now?.(context) : undefined
      const changes = new Map<string, LedgerEntry | undefined>()
      for (const item of items) {
        const { name, path, action } = item
        if (action === 'forget') {
          changes.set(name, undefined)
          continue
        }
        const intent = intentOf(item, plan, absentAt)
        changes.set(name, { owner, path, there: thereBefore(item), intent })
        if (action !== 'delete') delivering.set(name, valueOf(item, plan))
      }
      const isDelivering = items.some(({ action }) => action !== 'forget')
      writer.owed = destination.finish !== undefined && (isDelivering || plan.owed)
      isLeased = isDelivering || plan.owed
      await writer.write(changes, !isLeased)
    },
    heard(name, answer) {
      const entry = writer.entries.get(name)
      if (entry === undefined || (!answer.done && answer.unknown === true)) return
      const { there, path } = entry
      if (!answer.done) {
        heard.set(name, there === undefined ? undefined : { owner, path, there })
        return
      }
      const value = delivering.get(name)
      if (value === undefined) {
        heard.set(name, undefined)
        return
      }
      const { revision } = answer
      if (revision === undefined) untold.add(name)
      heard.set(name, { owner, path, there: { ...value, revision, at: world.clock() } })
    },
    settled() {
      writer.owed = false
    },
    async checkpoint() {
      const isTime = world.clock() - writer.writtenAt >= WRITTEN_EVERY_MS
      if (!isTime && (isTelling ? heard.size < HEARD_MAX : heard.size === 0)) return
      await writer.write(heard, false)
      heard.clear()
    },
    async learnRevisions(context) {
      if (untold.size === 0) return
      const found = await destination.list(context, [...untold])
      for (const { name, revision } of found) {
        const entry = heard.get(name) ?? writer.entries.get(name)
        if (!untold.has(name) || entry?.there === undefined || revision === undefined) continue
        heard.set(name, { ...entry, there: { ...entry.there, revision } })
      }
    },
    async end() {
      if (!isLeased) return
      try {
        await writer.write(heard, true)
      } catch (error) {
        // Whoever has the lease now has seen our intents, and found out for themselves.
        if (heard.size > 0 || !isCofferError(error, 'conflict')) throw error
      }
    },
  }
}

function valueOf({ name, version, bytes = 0 }: PlanItem, { steps }: SyncPlan) {
  const { entry, fingerprint = '' } = steps.get(name) ?? {}
  const isNumbered = entry !== undefined && isWhole(entry)
  return { version: isNumbered ? version : undefined, bytes, fingerprint }
}

const intentOf = (item: PlanItem, plan: SyncPlan, absentAt: number | undefined): Intent =>
  item.action === 'delete'
    ? { kind: 'remove' }
    : {
        kind: 'put',
        fingerprint: plan.steps.get(item.name)?.fingerprint ?? '',
        bytes: item.bytes ?? 0,
        absentAt: item.action === 'create' ? absentAt : undefined,
      }
