import type { KeyObject } from 'node:crypto'
import { signatureHolds } from './audit-line.ts'

/** A signature line, and the last one before it. */
export interface SignatureMark {
  readonly seq: number
  readonly line: string
  /** `seq` of the signature before this one: what this one is the first to cover begins behind it. */
  readonly after: number
  /** Where the first entry that it covers stands. */
  readonly from: LineRef
}

export interface LineRef {
  readonly segment: string
  readonly line: number
}

/** How many signature lines wait for one verification. */
const WINDOW = 1_024

/**
 * Verifies few signatures and yet finds the first bad one. In a whole chain a good signature vouches
 * for everything before it, the signatures there included: so only every 1,024th and the last is
 * checked, and when one fails the first that fails is found by halving.
 */
export class SignatureWindow {
  readonly #storeId: string
  readonly #publicKey: KeyObject | undefined
  #waiting: SignatureMark[] = []
  #newest: SignatureMark | undefined

  /** Without a key signatures are taken as they are: only the chain is checked. */
  constructor(storeId: string, publicKey: KeyObject | undefined) {
    this.#storeId = storeId
    this.#publicKey = publicKey
  }

  /** `seq` of the newest signature line that was added. */
  get lastSeq(): number {
    return this.#newest?.seq ?? 0
  }

  get newest(): SignatureMark | undefined {
    return this.#newest
  }

  /** Returns the first bad signature when it was time to look and there is one. */
  add(seq: number, line: string, at: LineRef): SignatureMark | undefined {
    const after = this.lastSeq
    const from = { segment: at.segment, line: Math.max(1, at.line - (seq - after - 1)) }
    this.#newest = { seq, line, after, from }
    this.#waiting.push(this.#newest)
    return this.#waiting.length < WINDOW ? undefined : this.firstBad()
  }

  /** The first bad one among those that were not verified yet. */
  firstBad(): SignatureMark | undefined {
    const marks = this.#waiting
    const newest = marks.at(-1)
    if (newest === undefined || this.holds(newest.line)) {
      this.#waiting = []
      return undefined
    }
    let good = -1
    let bad = marks.length - 1
    while (bad - good > 1) {
      const middle = (good + bad) >> 1
      if (this.holds(marks[middle]!.line)) good = middle
      else bad = middle
    }
    return marks[bad]
  }

  holds(line: string): boolean {
    return this.#publicKey === undefined || signatureHolds(line, this.#storeId, this.#publicKey)
  }
}
