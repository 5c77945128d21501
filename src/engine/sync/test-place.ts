import { CofferError } from '../../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  Destination,
  DestinationChange,
  DestinationEntry,
} from '../../core/ports/destination.ts'

/** What a place can do, as the ones there are differ. */
export interface PlaceTraits {
  readonly readable: boolean
  readonly marks: boolean
  /** Whether answers tell the new revision. */
  readonly tells: boolean
  readonly batchMax: number
}

export interface Kept {
  text: string
  owner?: string | undefined
  revision: number
  createdAt: number
  updatedAt: number
}

/** A place in memory, whose every call can go wrong. */
export interface Place {
  readonly kept: Map<string, Kept>
  /** Calls and changes that came so far. */
  calls: number
  writes: number
  destination: Destination
  /** By hand. */
  put(name: string, text: string): void
  remove(name: string): void
}

/** What goes wrong at a call, by its number from 0. */
export type PlaceFault =
  /** Nothing was done, and it is said so. */
  | 'refuse'
  /** It was done, and nobody hears of it. */
  | 'no answer'
  /** Nothing was done, and nobody hears of it. */
  | 'lost'
  /** The process ends before and after it was done. */
  | 'crash before'
  | 'crash after'

class Crash extends Error {}

export interface PlaceOptions extends PlaceTraits {
  readonly id?: string
  readonly faults?: ReadonlyMap<number, PlaceFault>
  /** Right before a call reaches the place. */
  readonly before?: (call: number) => void
  /** The process that calls ends. */
  readonly crash?: () => void
  /** Its clock, which its entries are dated by. Absent: they are not. */
  readonly clock?: () => number
  readonly limits?: Partial<Destination['limits']>
}

export const ANY_PLACE: PlaceTraits = {
  readable: false,
  marks: false,
  tells: true,
  batchMax: 3,
}

export function place(options: PlaceOptions): Place {
  const kept = new Map<string, Kept>()
  let revision = 0
  const put = (name: string, text: string, owner?: string) =>
    void kept.set(name, {
      text,
      owner,
      revision: ++revision,
      createdAt: kept.get(name)?.createdAt ?? options.clock?.() ?? 0,
      updatedAt: options.clock?.() ?? 0,
    })
  const tell = (name: string, context: DeliveryContext): DestinationEntry | undefined => {
    const one = kept.get(name)
    if (one === undefined) return undefined
    return {
      name,
      owner: options.marks ? one.owner : undefined,
      fingerprint: options.readable ? context.fingerprint(Buffer.from(one.text)) : undefined,
      revision: String(one.revision),
      bytes: options.readable ? Buffer.byteLength(one.text) : undefined,
      createdAt: options.clock && one.createdAt,
      updatedAt: options.clock && one.updatedAt,
    }
  }
  const change = (one: DestinationChange, context: DeliveryContext): ApplyAnswer => {
    const there = kept.get(one.name)
    const expected = one.expected
    if (one.kind === 'remove' && there === undefined) return { done: true }
    const isExpected =
      expected === 'any' ||
      (expected === 'absent'
        ? there === undefined
        : there !== undefined && String(there.revision) === expected.revision)
    if (!isExpected) return { done: false, error: new CofferError('conflict', 'It changed.') }
    made.writes++
    if (one.kind === 'remove') kept.delete(one.name)
    else put(one.name, Buffer.from(one.secret.revealBytes()).toString(), context.owner)
    const now = kept.get(one.name)?.revision
    return { done: true, revision: options.tells && now !== undefined ? String(now) : undefined }
  }
  const begin = (): PlaceFault | undefined => {
    const call = made.calls++
    options.before?.(call)
    const fault = options.faults?.get(call)
    if (fault === 'crash before') crash()
    return fault
  }
  const look = () => {
    const fault = begin()
    if (fault === 'crash after') crash()
    if (fault !== undefined) throw down()
  }
  const crash = () => {
    options.crash?.()
    throw new Crash()
  }
  const down = () => new CofferError('unavailable', 'The place is down.')

  const now = async () => {
    look()
    return options.clock?.()
  }

  const made: Place = {
    kept,
    calls: 0,
    writes: 0,
    put: (name, text) => put(name, text),
    remove: (name) => void kept.delete(name),
    destination: {
      kind: 'memory',
      id: options.id ?? 'memory:place',
      readable: options.readable,
      marks: options.marks,
      ...(options.clock === undefined ? {} : { now }),
      batchMax: options.batchMax,
      limits: {
        name: { pattern: /^[A-Z][A-Z0-9_]*$/, says: 'capitals, digits and _', charsMax: 100 },
        valueBytesMax: 1_000,
        textOnly: true,
        ...options.limits,
      },
      async list(context) {
        look()
        return [...kept.keys()].flatMap((name) => tell(name, context) ?? [])
      },
      async apply(context, changes) {
        const fault = begin()
        const unknown = fault === 'no answer' || fault === 'lost'
        if (fault === 'refuse' || fault === 'lost') {
          return changes.map(() => ({ done: false, error: down(), unknown }))
        }
        const answers = changes.map((one) => change(one, context))
        if (fault === 'crash after') crash()
        return unknown ? changes.map(() => ({ done: false, error: down(), unknown })) : answers
      },
    },
  }
  return made
}
