import type { SealInspection } from '../../compose.ts'
import type { Clock, Random } from '../../core/ports/ambient.ts'
import { LIMITS } from '../../core/limits.ts'

/** Shares on their way to a root key. */
export interface Attempt {
  /** Of different shares, so far. */
  readonly progress: number
  /** Names the attempt; empty when there is none. */
  readonly nonce: string
  /** Where the shares came from. */
  readonly addresses: ReadonlySet<string>
  /**
   * The root key when there are enough, with the numbers of the shares; the attempt is over then,
   * also when they do not fit. A share that is refused leaves the attempt as it was.
   * @throws `invalid_argument`, `invalid_key`, `wrong_key`
   */
  add(
    share: string,
    address?: string,
  ): Promise<{ rootKey: Uint8Array; numbers: readonly number[] } | undefined>
  reset(): void
}

/** Shares that wait longer than `unsealAttemptMs` for the next one are forgotten. */
export function createAttempt(
  seal: Pick<SealInspection, 'threshold' | 'check' | 'combine'>,
  clock: Clock,
  random: Random,
): Attempt {
  const byNumber = new Map<number, string>()
  const addresses = new Set<string>()
  let nonce = ''
  let newestAt = 0

  const reset = () => {
    byNumber.clear()
    addresses.clear()
    nonce = ''
  }
  const forget = () => {
    if (nonce !== '' && clock() - newestAt > LIMITS.unsealAttemptMs) reset()
  }

  return {
    get progress() {
      forget()
      return byNumber.size
    },
    get nonce() {
      forget()
      return nonce
    },
    addresses,
    async add(share, address) {
      forget()
      const number = seal.check(share)
      if (nonce === '') nonce = Buffer.from(random(NONCE_BYTES)).toString('hex')
      byNumber.set(number, share)
      if (address !== undefined) addresses.add(address)
      newestAt = clock()
      if (byNumber.size < seal.threshold) return undefined
      const numbers = [...byNumber.keys()].toSorted((a, b) => a - b)
      const shares = [...byNumber.values()]
      reset()
      return { rootKey: await seal.combine(shares), numbers }
    },
    reset,
  }
}

const NONCE_BYTES = 16
