import { LIMITS } from '../../core/limits.ts'
import type { Destination, DestinationEntry } from '../../core/ports/destination.ts'
import type { Delivered, LedgerEntry } from './ledger.ts'
import type { PlanAction } from './sync.ts'

/** What decides about one name at one place. */
export interface Question {
  readonly owner: string
  readonly place: Pick<Destination, 'marks' | 'local'>
  readonly recorded: LedgerEntry | undefined
  readonly found: DestinationEntry | undefined
  /** Somebody said that a foreign entry of this name may be taken over. */
  readonly adopt: boolean
}

/** What is there, to us. */
export type Standing =
  /** Nothing is there, and nobody else claims the name. */
  | { readonly kind: 'free' }
  /** Ours, and as we left it. */
  | { readonly kind: 'ours' }
  /** Ours, and somebody changed it. */
  | { readonly kind: 'changed' }
  /** Ours, and we do not know how our last change ended. */
  | { readonly kind: 'unfinished' }
  /** Not ours: only `adopt` makes it so. */
  | { readonly kind: 'foreign'; readonly reason: keyof typeof FOREIGN }
  /** Another's, and `adopt` does not make it ours. */
  | { readonly kind: 'claimed'; readonly by: string }

/** Why an entry is not ours, as it is said to a person. */
export const FOREIGN = {
  not_ours: 'An entry of this name is there already, and Coffer did not make it.',
  not_in_ledger: 'It has our mark, and the ledger knows nothing of it.',
  mark_gone: 'Our mark is gone from it: somebody wrote it anew.',
  unfinished: 'A sync that was cut off may have made it, or somebody else.',
} as const

/**
 * Whose an entry is. Docs/sync.md has the same as a table.
 */
export function standingOf({ owner, place, recorded, found }: Omit<Question, 'adopt'>): Standing {
  if (recorded !== undefined && recorded.owner !== owner) {
    return { kind: 'claimed', by: recorded.owner }
  }
  if (found === undefined) return { kind: 'free' }
  if (found.owner !== undefined && found.owner !== owner) {
    return { kind: 'claimed', by: found.owner }
  }
  if (place.local === true) {
    return found.owner === owner ? { kind: 'ours' } : { kind: 'foreign', reason: 'not_ours' }
  }
  if (recorded === undefined) {
    return { kind: 'foreign', reason: found.owner === owner ? 'not_in_ledger' : 'not_ours' }
  }
  const { there, intent } = recorded
  if (place.marks === true && found.owner === undefined) {
    return { kind: 'foreign', reason: there === undefined ? 'not_ours' : 'mark_gone' }
  }
  if (intent !== undefined && there !== undefined) return { kind: 'unfinished' }
  if (there === undefined) {
    return madeByIntent(recorded, found, owner)
      ? { kind: 'unfinished' }
      : { kind: 'foreign', reason: 'unfinished' }
  }
  return { kind: isAsLeft(there, found) ? 'ours' : 'changed' }
}

/** What is wanted of a name: a value, by its fingerprint; nothing; or what is there, unseen. */
export type Wanted = { readonly fingerprint: string } | 'same' | undefined

/** Why something is done about an entry, or not. What its value is refused for is an error's code. */
export type PlanReason =
  | keyof typeof FOREIGN
  | 'new'
  | 'vanished'
  | 'in_step'
  | 'changed'
  | 'changed_there'
  | 'not_declared'
  | 'owned_by_other'

export interface Decision {
  readonly action: PlanAction
  readonly reason: PlanReason
}

/** What to do about one name; undefined: it is nobody's matter. */
export function decide(question: Question, wanted: Wanted): Decision | undefined {
  const standing = standingOf(question)
  return wanted === undefined
    ? decideUnwanted(question, standing)
    : decideWanted(question, standing, wanted)
}

function decideWanted(
  { recorded, found, place, adopt }: Question,
  standing: Standing,
  wanted: NonNullable<Wanted>,
): Decision {
  switch (standing.kind) {
    case 'free':
      return { action: 'create', reason: recorded?.there === undefined ? 'new' : 'vanished' }
    case 'ours': {
      const before = place.local === true ? found?.fingerprint : recorded?.there?.fingerprint
      const same = wanted === 'same' || wanted.fingerprint === before
      return same
        ? { action: 'unchanged', reason: 'in_step' }
        : { action: 'update', reason: 'changed' }
    }
    case 'changed':
      return { action: 'drifted', reason: 'changed_there' }
    case 'unfinished':
      return { action: 'update', reason: 'unfinished' }
    case 'foreign':
      return { action: adopt ? 'adopt' : 'refused', reason: standing.reason }
    case 'claimed':
      return { action: 'refused', reason: 'owned_by_other' }
  }
}

/** Asked of what we recorded and, at places on this machine, of what has our mark. */
function decideUnwanted({ adopt }: Question, standing: Standing): Decision | undefined {
  switch (standing.kind) {
    case 'free':
      return { action: 'forget', reason: 'vanished' }
    case 'ours':
    case 'unfinished':
      return { action: 'delete', reason: 'not_declared' }
    case 'changed':
      return adopt
        ? { action: 'delete', reason: 'not_declared' }
        : { action: 'refused', reason: 'changed_there' }
    case 'foreign':
      return { action: 'forget', reason: standing.reason }
    case 'claimed':
      return { action: 'forget', reason: 'owned_by_other' }
  }
}

/**
 * Only our put can have left this mark, or this value's keyed fingerprint. Where the place holds
 * neither, what came into being while we were making it, and was not touched after, is ours.
 */
const madeByIntent = ({ intent }: LedgerEntry, found: DestinationEntry, owner: string): boolean =>
  intent?.kind === 'put' &&
  (found.owner === owner ||
    (found.fingerprint !== undefined && found.fingerprint === intent.fingerprint) ||
    (intent.absentAt !== undefined && isMadeAfter(intent.absentAt, found)))

const isMadeAfter = (absentAt: number, { createdAt, updatedAt }: DestinationEntry): boolean =>
  createdAt !== undefined &&
  updatedAt !== undefined &&
  createdAt >= absentAt &&
  updatedAt >= createdAt &&
  updatedAt <= absentAt + LIMITS.syncMakingMs

/** A mark may hold the fingerprint of a value that somebody has replaced since: both must be right. */
function isAsLeft(there: Delivered, found: DestinationEntry): boolean {
  const isSame = (before: string | undefined, now: string | undefined) =>
    before === undefined || now === undefined || before === now
  return isSame(there.fingerprint, found.fingerprint) && isSame(there.revision, found.revision)
}
