import type { KeyObject } from 'node:crypto'
import { LIMITS } from '../core/limits.ts'
import type { AuditHead, AuditReport } from '../core/ports/coffer.ts'
import {
  HEAD_GONE_REASON,
  genesisHash,
  lineHash,
  placeOf,
  signingKeyOf,
  type LinePlace,
} from './audit-line.ts'
import { SignatureWindow, type SignatureMark } from './signature-window.ts'

/** A point of the log that somebody outside of it remembers. */
export interface ChainWitness {
  /** For messages: `the head file`. */
  readonly name: string
  readonly seq: number
  /** SHA-256 of that line; absent: only known that there was one. */
  readonly hash?: string | undefined
  /** That line's own `prev`, where it is known: tells whether the line or one before it changed. */
  readonly prev?: string | undefined
}

export interface ChainOptions {
  readonly storeId: string
  /** Absent: signatures are not checked, only the chain. */
  readonly publicKey: KeyObject | undefined
  readonly witnesses?: readonly ChainWitness[]
  /** An extract: it may begin anywhere without a signed `audit.prune` that allows it. */
  readonly extract?: boolean
}

type Problem = NonNullable<AuditReport['problem']>

/** A line that was read, and what is needed to judge it when the next ones are known. */
interface Link {
  readonly seq: number
  readonly prev: string
  readonly hash: string
  readonly segment: string
  readonly line: number
  /** Its text, when it is a signature line. */
  readonly signature: string | undefined
}

const NEWLINE = 0x0a
const LETTER_S = 0x73
const PRUNE = Buffer.from('"action":"audit.prune"')
const REPAIR = Buffer.from('"action":"audit.repair"')
const HEAD_GONE = Buffer.from(`"reason":"${HEAD_GONE_REASON}`)
/** `,"prev":"` 43 `"}` ends every line. */
const PREV_CHARS = 43
const ISO_CHARS = 24
const NAMED_MAX = 3

/**
 * Follows a chain over bytes that are pushed in order, in bounded memory: per line one SHA-256, no
 * JSON. Stops at the first bad entry and names it.
 *
 * Which of two neighbours is bad: when entry k+1 does not continue k, but k+2 continues k+1, then k
 * was changed; when k+2 does not either, k+1 was. A good signature settles it where the next is
 * missing.
 */
export class ChainWalk {
  readonly #options: ChainOptions
  readonly #signatures: SignatureWindow
  readonly #witnesses: ChainWitness[]
  #segment = ''
  #segments = 0
  #line = 0
  #rest: Buffer = Buffer.alloc(0)
  #before: Link | undefined
  #last: Link | undefined
  /** A line that does not continue `#last`, until the line after it tells which is bad. */
  #suspect: Link | undefined
  #first: Link | undefined
  #events = 0
  #at = ''
  #clockBack = 0
  #clockBackSeq = 0
  readonly #headGone: string[] = []
  /** The greatest `seq` that a prune removed, and where that prune stands. */
  readonly #pruned: { through: number; seq: number }[] = []
  #problem: Problem | undefined

  constructor(options: ChainOptions) {
    this.#options = options
    this.#signatures = new SignatureWindow(options.storeId, options.publicKey)
    this.#witnesses = (options.witnesses ?? []).toSorted((a, b) => a.seq - b.seq)
  }

  /** True when a bad entry was found: what is pushed from here on is ignored. */
  get stopped(): boolean {
    return this.#problem !== undefined
  }

  /** The bytes that follow belong to this segment. */
  segment(name: string): void {
    this.#endSegment()
    this.#segment = name
    this.#segments++
    this.#line = 0
  }

  push(bytes: Uint8Array): void {
    let chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    if (this.#rest.length > 0) chunk = Buffer.concat([this.#rest, chunk])
    let start = 0
    while (this.#problem === undefined) {
      const end = chunk.indexOf(NEWLINE, start)
      if (end === -1) break
      this.#line++
      this.#take(chunk, start, end)
      start = end + 1
    }
    this.#rest = Buffer.from(chunk.subarray(start))
    if (this.#problem === undefined && this.#rest.length > LIMITS.auditLineBytesMax) {
      this.#line++
      this.#malformed()
    }
  }

  end(): AuditReport {
    this.#endSegment()
    this.#settleSuspect(undefined)
    const unseen = this.#witnesses.findLast(({ seq }) => seq > (this.#last?.seq ?? 0))
    if (unseen !== undefined) {
      this.#fail(
        (this.#last?.seq ?? 0) + 1,
        `the log ends before it, and ${unseen.name} knows of entry ${unseen.seq}: the tail was cut`,
        this.#line + 1,
      )
    }
    const bad = this.#problem === undefined ? this.#signatures.firstBad() : undefined
    if (bad !== undefined) this.#failSignature(bad)
    this.#checkStart()
    return this.#report()
  }

  #take(chunk: Buffer, start: number, end: number): void {
    const line = chunk.subarray(start, end)
    if (line.length > LIMITS.auditLineBytesMax) return this.#malformed()
    const last = this.#suspect ?? this.#last
    const seq = last === undefined ? (placeOf(line.toString('latin1'))?.seq ?? 0) : last.seq + 1
    const opening = `{"seq":${seq},"at":"`
    const atEnd = opening.length + ISO_CHARS
    const prev = line.toString('latin1', line.length - PREV_CHARS - 2, line.length - 2)
    const at = line.toString('latin1', 0, atEnd)
    if (!at.startsWith(opening) || prev.length !== PREV_CHARS) return this.#unexpected(line)
    const signature = line[atEnd + 3] === LETTER_S ? line.toString('latin1') : undefined
    const link: Link = {
      seq,
      prev,
      hash: lineHash(line),
      segment: this.#segment,
      line: this.#line,
      signature,
    }
    if (this.#suspect !== undefined) return this.#settleSuspect(link)
    if (prev !== (this.#last?.hash ?? this.#startHash(link))) {
      this.#suspect = link
      return
    }
    this.#accept(link, line, at.slice(opening.length))
  }

  #accept(link: Link, line: Buffer, at: string): void {
    this.#first ??= link
    this.#before = this.#last
    this.#last = link
    this.#witness(link)
    if (this.#problem !== undefined) return
    if (link.signature === undefined) {
      this.#events++
      if (line.includes(REPAIR) && line.includes(HEAD_GONE)) {
        if (this.#headGone.push(`entry ${link.seq} of ${at}`) > NAMED_MAX) this.#headGone.shift()
      }
      if (this.#first.seq > 1 && line.includes(PRUNE)) this.#notePrune(line, link.seq)
    } else {
      // Events are as old as what they tell of; signatures are made in the log's own order.
      if (at < this.#at && this.#clockBack++ === 0) this.#clockBackSeq = link.seq
      this.#at = at
      const bad = this.#signatures.add(link.seq, link.signature, link)
      if (bad !== undefined) this.#failSignature(bad)
    }
  }

  /** What the first line must continue: nothing, or after a prune whatever it says. */
  #startHash(first: Link): string {
    return first.seq === 1 ? genesisHash(this.#options.storeId) : first.prev
  }

  #witness(link: Link): void {
    for (let next = this.#witnesses[0]; next && next.seq <= link.seq; next = this.#witnesses[0]) {
      this.#witnesses.shift()
      if (next.seq < link.seq || next.hash === undefined || next.hash === link.hash) continue
      // The line that is remembered continued another one: the change is before it.
      const earlier = next.prev !== undefined && next.prev !== link.prev
      const seq = earlier ? this.#signatures.lastSeq + 1 : link.seq
      const what = earlier
        ? `one of the entries ${seq} to ${link.seq} is not what it was when ${next.name} was made`
        : `it is not the entry that ${next.name} knows`
      this.#fail(seq, what, link.line - (link.seq - seq))
    }
  }

  /** A line that does not begin with the number that is due. */
  #unexpected(line: Buffer): void {
    const place = placeOf(line.toString('latin1'))
    if (place === undefined) return this.#malformed()
    if (this.#suspect !== undefined) {
      return this.#settleSuspect({ ...this.#suspect, ...place, hash: '', signature: undefined })
    }
    this.#misnumbered(place, lineHash(line))
  }

  #misnumbered(place: LinePlace, hash: string): void {
    const last = this.#last!
    const due = last.seq + 1
    if (place.prev === last.hash) {
      this.#fail(due, `its number was changed to ${place.seq}`)
    } else if (place.seq > due) {
      this.#fail(due, `it is missing: entry ${place.seq} stands in its place`)
    } else if (place.seq === last.seq && hash !== last.hash && place.prev === this.#before?.hash) {
      // Two entries claim one place. A signature tells which is ours; else the first is named.
      this.#failLink(last, `a second entry ${place.seq} follows it: one of the two was inserted`)
    } else {
      this.#fail(place.seq, `it is repeated or out of order: entry ${due} was due`)
    }
  }

  #malformed(): void {
    const due = (this.#suspect ?? this.#last)?.seq ?? 0
    if (this.#suspect !== undefined) return this.#settleSuspect(undefined)
    this.#fail(due + 1, 'it is not a line of the log')
  }

  #settleSuspect(next: Link | undefined): void {
    const suspect = this.#suspect
    if (suspect === undefined || this.#problem !== undefined) return
    const last = this.#last
    const whole =
      next === undefined
        ? suspect.signature !== undefined && this.#signatures.holds(suspect.signature)
        : next.prev === suspect.hash
    const lastIsSound =
      last === undefined ||
      (last.signature !== undefined && this.#options.publicKey !== undefined
        ? this.#signatures.holds(last.signature)
        : false)
    if (whole && !lastIsSound) {
      this.#failLink(last, 'it was changed: the entry behind it continues another one')
    } else if (whole && last === undefined) {
      this.#failLink(suspect, 'the log begins with an entry of another log')
    } else if (whole) {
      this.#failLink(suspect, 'it belongs to another log: it does not continue the entry before it')
    } else {
      this.#failLink(suspect, 'it was changed: it does not continue the entry before it')
    }
  }

  #endSegment(): void {
    if (this.#rest.length === 0 || this.#problem !== undefined) return
    this.#line++
    this.#rest = Buffer.alloc(0)
    this.#malformed()
  }

  #notePrune(line: Buffer, seq: number): void {
    const through = /"reason":"removed entries through ([0-9]{1,16}) /.exec(line.toString('latin1'))
    if (through !== null) this.#pruned.push({ through: Number(through[1]), seq })
  }

  /** A log that does not begin at entry 1 needs a signed prune that allows it. */
  #checkStart(): void {
    const first = this.#first
    if (first === undefined || first.seq === 1 || this.#options.extract === true) return
    if (this.#problem !== undefined) return
    const allowed = this.#pruned
      .filter(({ seq }) => seq < this.#signatures.lastSeq)
      .reduce((most, { through }) => Math.max(most, through), 0)
    if (first.seq <= allowed + 1) return
    this.#fail(
      allowed + 1,
      `it is missing: the log begins at entry ${first.seq}, and no signed prune allows that`,
      1,
      first.segment,
    )
  }

  #failLink(link: Link, what: string): void {
    this.#fail(link.seq, what, link.line, link.segment)
  }

  #failSignature({ seq, after, from }: SignatureMark): void {
    const range = after + 1 === seq ? `${seq}` : `${after + 1} to ${seq}`
    const what = `the signature at entry ${seq} does not hold: something among ${range} was changed`
    this.#problem = { seq: after + 1, segment: from.segment, line: from.line, what }
  }

  #fail(seq: number, what: string, line = this.#line, segment = this.#segment): void {
    if (this.#problem !== undefined) return
    // A chain that was computed anew up to here breaks its signatures earlier.
    const earlier = this.#signatures.firstBad()
    if (earlier !== undefined && earlier.seq < seq) this.#failSignature(earlier)
    else this.#problem = { seq, segment, line: Math.max(1, line), what }
  }

  #report(): AuditReport {
    const lastSeq = this.#last?.seq ?? 0
    const warnings: string[] = []
    if (this.#clockBack > 0) {
      warnings.push(
        `The clock went backwards ${this.#clockBack} times, first at entry ${this.#clockBackSeq}.`,
      )
    }
    if (this.#headGone.length > 0) {
      warnings.push(
        `The head file was missing or damaged at ${this.#headGone.join(', ')}: a tail that was cut shortly before may have gone unnoticed.`,
      )
    }
    if (this.#options.publicKey === undefined) {
      warnings.push('Signatures were not checked: there is no public key.')
    }
    const signedSeq = this.#signatures.lastSeq
    return {
      ok: this.#problem === undefined,
      events: this.#events,
      segments: this.#segments,
      unsigned: signedSeq === 0 ? this.#events : lastSeq - signedSeq,
      ...(this.#head === undefined ? {} : { head: this.#head }),
      ...(this.#problem === undefined ? {} : { problem: this.#problem }),
      warnings,
    }
  }

  get #head(): AuditHead | undefined {
    const newest = this.#signatures.newest
    if (newest === undefined) return undefined
    return {
      seq: newest.seq,
      hash: lineHash(newest.line),
      generation: placeOf(newest.line)?.generation ?? 0,
      key: signingKeyOf(newest.line) ?? '',
    }
  }
}
