import { hash, verify, type KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import type { AuditEvent } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'
import type { AuditSigner } from '../core/ports/audit-log.ts'
import type { AuditEntry } from '../core/ports/coffer.ts'
import { escapeText } from '../core/quoted.ts'

/**
 * One line of the audit log, format 1 (docs/formats/audit.md): printable ASCII JSON with a fixed
 * member order, `seq` first and `prev` last. Text in, text out; nothing here reads a file or a clock.
 */

/** How the reason of an `audit.repair` begins that tells of a witness that was gone. */
export const HEAD_GONE_REASON = 'the head file was missing or damaged'

/** What a line says of its place in the chain. */
export interface LinePlace {
  readonly seq: number
  /** SHA-256 of the line before, base64url, 43 characters. */
  readonly prev: string
  /** A signature line, not an event. */
  readonly signed: boolean
  /** Of a change, or the greatest so far on a signature line; 0 when the line has none. */
  readonly generation: number
}

/** What the very first line's `prev` is: the chain belongs to one store. */
export const genesisHash = (storeId: string): string => lineHash(`coffer-audit-v1:${storeId}`)

/** SHA-256 of a line without its newline, base64url. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line, 'base64url')

/**
 * The part of an event's line between `seq` and `prev`, which does not depend on its place.
 * `reason`, `via` and `request` are clipped to 1,024 characters; nothing else is shortened.
 * Many events come within one millisecond: `instantOf` may remember it.
 * @throws CofferError `too_large` past `auditLineBytesMax`, `invalid_argument` for a number or
 * instant that JSON cannot hold
 */
export function eventBody(event: AuditEvent, instantOf = isoOf): string {
  const { at, actor, action, outcome } = event
  const body =
    `"at":"${instantOf(at)}","actor":"${escapeText(actor)}","action":"${escapeText(action)}","outcome":"${escapeText(outcome)}"` +
    textMember('resource', event.resource) +
    numberMember('version', event.version) +
    textMember('label', event.label) +
    textMember('destination', event.destination) +
    textMember('code', event.code) +
    textMember('reason', clipped(event.reason)) +
    numberMember('generation', event.generation) +
    textMember('via', clipped(event.via)) +
    textMember('request', clipped(event.request)) +
    textMember('address', clipped(event.address)) +
    textMember('accessor', event.accessor)
  if (body.length > BODY_BYTES_MAX) {
    throw new CofferError(
      'too_large',
      `An audit event has at most ${LIMITS.auditLineBytesMax} bytes as a line of the log.`,
    )
  }
  return body
}

const textMember = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `,"${name}":"${escapeText(value)}"`

function numberMember(name: string, value: number | undefined): string {
  if (value === undefined) return ''
  if (!Number.isSafeInteger(value)) throw invalid(`The audit event's ${name} is not an integer.`)
  return `,"${name}":${value}`
}

const clipped = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= CLIP_CHARS ? text : text.slice(0, CLIP_CHARS)

export const eventLine = (seq: number, body: string, prev: string): string =>
  `{"seq":${seq},${body},"prev":"${prev}"}`

/**
 * The line that ends a flush. Its signature covers the store's id and every byte of the line but
 * the signature itself; through `prev` it covers every line before.
 */
export function signatureLine(
  place: { seq: number; at: number; generation: number; prev: string },
  storeId: string,
  signer: AuditSigner,
): string {
  const start = `{"seq":${place.seq},"at":"${isoOf(place.at)}","signed":{"generation":${place.generation},"key":"${escapeText(signer.key)}"},`
  const end = `"prev":"${place.prev}"}`
  const signature = Buffer.from(signer.sign(signedBytes(storeId, start + end)))
  return `${start}"signature":"${signature.toString('base64url')}",${end}`
}

/** Absent: not a line of this format. Looks at the frame only, not at every member. */
export function placeOf(line: string): LinePlace | undefined {
  const frame = FRAME.exec(line)
  if (frame === null) return undefined
  const generation = GENERATION.exec(line)
  return {
    seq: Number(frame[1]),
    prev: frame[3]!,
    signed: frame[2] === 'signed',
    generation: generation === null ? 0 : Number(generation[1]),
  }
}

/** Whether this is a signature line whose signature is good, and is spelled in the one legal way. */
export function signatureHolds(line: string, storeId: string, publicKey: KeyObject): boolean {
  const parts = SIGNATURE.exec(line)
  if (parts === null) return false
  const signature = Buffer.from(parts[2]!, 'base64url')
  if (signature.toString('base64url') !== parts[2]) return false
  return verify(null, signedBytes(storeId, parts[1]! + parts[3]!), publicKey, signature)
}

/** The fingerprint that a signature line names; absent on any other line. */
export const signingKeyOf = (line: string): string | undefined => SIGNING_KEY.exec(line)?.[1]

/** The event of a line; absent for a signature line and for what is no line. */
export function entryOf(line: string): AuditEntry | undefined {
  const place = placeOf(line)
  if (place === undefined || place.signed) return undefined
  let members: Record<string, unknown>
  try {
    members = JSON.parse(line) as Record<string, unknown>
  } catch {
    // Only verify judges lines; to a reader, what does not parse is not an event.
    return undefined
  }
  return { ...members, at: Date.parse(String(members['at'])) } as unknown as AuditEntry
}

const CLIP_CHARS = 1_024
/** `{"seq":`, 16 digits, `,` before the body and `,"prev":"` 43 `"}` after it. */
const BODY_BYTES_MAX = LIMITS.auditLineBytesMax - (7 + 16 + 1) - (9 + 43 + 2)

/** Later years would need more than the 24 characters of every instant here. */
const YEAR_9999_MS = 253_402_300_799_999

const FRAME =
  /^\{"seq":([1-9][0-9]{0,15}),"at":"[0-9TZ:.-]{24}","(actor|signed)":[\x20-\x7e]*,"prev":"([A-Za-z0-9_-]{43})"\}$/
const GENERATION = /[,{]"generation":([0-9]{1,16})[,}]/
const SIGNATURE =
  /^(\{"seq":[0-9]{1,16},"at":"[0-9TZ:.-]{24}","signed":\{[^{}]{1,200}\},)"signature":"([A-Za-z0-9_-]{86})",("prev":"[A-Za-z0-9_-]{43}"\})$/
const SIGNING_KEY = /^\{"seq":[0-9]+,"at":"[^"]+","signed":\{"generation":[0-9]+,"key":"([^"]*)"\},/

const signedBytes = (storeId: string, unsignedLine: string): Buffer =>
  Buffer.from(`coffer-audit-signature-v1\n${storeId}\n${unsignedLine}`, 'latin1')

/** An instant as an event's line has it. @throws CofferError `invalid_argument` before 1970, after 9999 */
export function isoOf(at: number): string {
  if (!(at >= 0 && at <= YEAR_9999_MS)) throw invalid("The audit event's instant is not a date.")
  const day = Math.floor(at / DAY_MS)
  const ms = Math.floor(at) - day * DAY_MS
  return `${dateOf(day)}T${two(ms / 3_600_000)}:${two((ms / 60_000) % 60)}:${two((ms / 1_000) % 60)}.${three(ms % 1_000)}Z`
}

const DAY_MS = 86_400_000
const two = (n: number): string => (n < 10 ? `0${Math.floor(n)}` : `${Math.floor(n)}`)
const three = (n: number): string => `${n < 10 ? '00' : n < 100 ? '0' : ''}${n}`

/** Of days since 1970, until 9999: H. Hinnant's "civil from days", in years that begin in March. */
function dateOf(day: number): string {
  const shifted = day + 719_468
  const era = Math.floor(shifted / 146_097)
  const ofEra = shifted - era * 146_097
  const year = Math.floor(
    (ofEra - Math.floor(ofEra / 1_460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) /
      365,
  )
  const ofYear = ofEra - (365 * year + Math.floor(year / 4) - Math.floor(year / 100))
  const march = Math.floor((5 * ofYear + 2) / 153)
  const date = ofYear - Math.floor((153 * march + 2) / 5) + 1
  const month = march < 10 ? march + 3 : march - 9
  return `${year + era * 400 + (month <= 2 ? 1 : 0)}-${two(month)}-${two(date)}`
}

const invalid = (message: string) => new CofferError('invalid_argument', message)
