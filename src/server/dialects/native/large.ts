import type { ServerResponse } from 'node:http'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'

/** Keeps answers with many values from filling the server's memory. */
export interface LargeAnswers {
  /** Makes one; a few at a time, the others wait for their turn. */
  make<T>(work: () => Promise<T>): Promise<T>
  /**
   * Counts what an actor was sent and has not taken yet. One answer is always let through.
   * @throws CofferError `throttled`
   */
  send(actor: string, text: string, answer: ServerResponse): void
}

/** All values of a batch are decrypted before the first is sent. */
const MADE_AT_ONCE = 4
/** Of smaller answers no client is sent enough to matter: see `requestsAheadMax`. */
const LARGE_CHARS = 65_536

export function createLargeAnswers(): LargeAnswers {
  const unread = new Map<string, number>()
  const waiting: (() => void)[] = []
  let making = 0
  return {
    async make(work) {
      if (making === MADE_AT_ONCE) await new Promise<void>((turn) => void waiting.push(turn))
      else making += 1
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) making -= 1
        else next()
      }
    },
    send(actor, text, answer) {
      if (text.length < LARGE_CHARS) return
      const before = unread.get(actor) ?? 0
      const after = before + text.length
      if (before > 0 && after > LIMITS.unreadCharsPerActorMax) {
        throw new CofferError(
          'throttled',
          'Answers to this actor wait to be read by its clients.',
          {
            details: { limit: 'unread', retryAfterSeconds: 1 },
          },
        )
      }
      unread.set(actor, after)
      answer.once('close', () => {
        const left = (unread.get(actor) ?? 0) - text.length
        if (left > 0) unread.set(actor, left)
        else unread.delete(actor)
      })
    },
  }
}
