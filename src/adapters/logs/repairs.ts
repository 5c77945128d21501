import { HEAD_GONE_REASON, eventBody } from '../../crypto/audit-line.ts'
import type { LogEnd, Torn } from './log-end.ts'

/** Bodies of the events that tell what a writer found when it looked at the log, and mends. */
export function repairsOf(
  { seq, signedSeq }: LogEnd,
  { torn, witnessed }: { readonly torn?: Torn | undefined; readonly witnessed: boolean },
  at: number,
): string[] {
  const reasons: string[] = []
  // The next flush writes the head anew: whoever looks later learns only from this that it was gone.
  if (!witnessed && signedSeq > 0) {
    reasons.push(`${HEAD_GONE_REASON}: what was behind entry ${seq} may be cut`)
  }
  if (torn !== undefined) {
    reasons.push(`cut ${torn.bytes} bytes of an unfinished write behind entry ${seq}`)
  }
  return reasons.map((reason) => eventBody({ ...REPAIR, at, reason }))
}

const REPAIR = {
  actor: 'system:audit',
  action: 'audit.repair',
  outcome: 'allowed',
  resource: 'audit:log',
} as const
