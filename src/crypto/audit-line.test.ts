import { readFileSync } from 'node:fs'
import { createPublicKey } from 'node:crypto'
import { assert, integer, nat, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { event, SIGNER, STORE_ID, START_MS } from '../../test/audit/scratch-log.ts'
import type { AuditEvent } from '../core/event.ts'
import { LIMITS } from '../core/limits.ts'
import { refusal } from '../testing/refusal.ts'
import {
  entryOf,
  eventBody,
  eventLine,
  genesisHash,
  lineHash,
  placeOf,
  signatureHolds,
  signatureLine,
} from './audit-line.ts'

interface Vectors {
  readonly storeId: string
  readonly publicKeyPem: string
  readonly genesis: string
  readonly lines: readonly { readonly event?: AuditEvent; line: string; hash: string }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('../../docs/formats/vectors/audit.json', import.meta.url), 'utf8'),
) as Vectors
const publicKey = createPublicKey(SIGNER.publicKeyPem)
const PREV = genesisHash(STORE_ID)

test('the golden lines are written and read as they always were', () => {
  expect(genesisHash(vectors.storeId)).toBe(vectors.genesis)
  const key = createPublicKey(vectors.publicKeyPem)
  let prev = vectors.genesis
  for (const [index, { event: told, line, hash }] of vectors.lines.entries()) {
    expect(lineHash(line)).toBe(hash)
    expect(placeOf(line)).toMatchObject({ seq: index + 1, prev, signed: told === undefined })
    const entry = told === undefined ? undefined : { ...told, seq: index + 1, prev }
    expect(entryOf(line)).toEqual(entry)
    expect(signatureHolds(line, vectors.storeId, key)).toBe(told === undefined)
    expect(told === undefined ? line : eventLine(index + 1, eventBody(told), prev)).toBe(line)
    prev = hash
  }
})

test('a delivery says where to, behind what was delivered', () => {
  const told = event('shop/prod/api/key', {
    action: 'deliver',
    version: 7,
    destination: 'vercel:prj_1/production',
    reason: 'r',
  })
  expect(eventBody(told)).toContain(
    '"resource":"shop/prod/api/key","version":7,"destination":"vercel:prj_1/production","reason":"r"',
  )
  expect(entryOf(eventLine(7, eventBody(told), PREV))).toEqual({ ...told, seq: 7, prev: PREV })
})

test('reading inverts writing, and a line is printable ASCII whatever the text', () => {
  const text = string({ unit: 'grapheme', maxLength: 60 })
  const anything = string({
    unit: integer({ min: 0, max: 0xffff }).map((n) => String.fromCharCode(n)),
    maxLength: 30,
  })
  assert(
    property(text, anything, nat(), (actor, resource, version) => {
      const told = event(resource, { actor, version })
      const line = eventLine(7, eventBody(told), PREV)
      expect(line).toMatch(/^[\x20-\x7e]+$/)
      expect(entryOf(line)).toEqual({ ...told, seq: 7, prev: PREV })
    }),
    { numRuns: 500, seed: 1 },
  )
})

test('members cannot be forged from inside of a text', () => {
  const line = eventLine(1, eventBody(event('a","generation":99,"x":"')), PREV)
  expect(placeOf(line)?.generation).toBe(0)
})

test('a signature covers every byte of its line but itself, for one store only', () => {
  const line = signatureLine({ seq: 5, at: START_MS, generation: 3, prev: PREV }, STORE_ID, SIGNER)
  expect(signatureHolds(line, STORE_ID, publicKey)).toBe(true)
  expect(signatureHolds(line, STORE_ID.replace('0', '1'), publicKey)).toBe(false)
  for (let at = 0; at < line.length; at++) {
    for (const bit of [1, 2, 4, 16]) {
      const other = String.fromCharCode(line.charCodeAt(at) ^ bit)
      const changed = line.slice(0, at) + other + line.slice(at + 1)
      expect(signatureHolds(changed, STORE_ID, publicKey), changed).toBe(false)
    }
  }
})

test('a line has at most auditLineBytesMax bytes', () => {
  const room = LIMITS.auditLineBytesMax - (7 + 16 + 1) - (9 + 43 + 2)
  const resource = 'r'.repeat(room - eventBody(event('')).length)
  expect(eventBody(event(resource))).toHaveLength(room)
  const longest = eventLine(Number.MAX_SAFE_INTEGER, eventBody(event(resource)), PREV)
  expect(longest).toHaveLength(LIMITS.auditLineBytesMax)
  expect(refusal(() => eventBody(event(`${resource}r`))).code).toBe('too_large')
})

test('a long reason is clipped, so that no event of ours is ever too large', () => {
  const line = eventLine(1, eventBody(event('a', { reason: 'é'.repeat(5_000) })), PREV)
  expect(entryOf(line)?.reason).toBe('é'.repeat(1_024))
})

test.each([NaN, Infinity, -1, 253_402_300_800_000])('the instant %d is refused', (at) => {
  expect(refusal(() => eventBody(event('a', { at }))).code).toBe('invalid_argument')
})

test('a number that is not an integer is refused', () => {
  expect(refusal(() => eventBody(event('a', { version: 1.5 }))).code).toBe('invalid_argument')
})

test('instants are written as ISO 8601 has them, each day until the end of 9999', () => {
  const written = (at: number) => /"at":"([^"]*)"/.exec(eventBody(event('a', { at })))?.[1]
  assert(
    property(nat({ max: 253_402_300_799_999 }), (at) => {
      expect(written(at)).toBe(new Date(at).toISOString())
    }),
    { numRuns: 2_000 },
  )
  for (const year of [1970, 1972, 1999, 2000, 2024, 2100, 2400, 9999]) {
    for (const day of ['02-28', '03-01', '12-31', '01-01']) {
      const at = Date.parse(`${year}-${day}T23:59:59.999Z`)
      expect(written(at)).toBe(new Date(at).toISOString())
      expect(written(at + 1 > 253_402_300_799_999 ? at : at + 1)).toBe(
        new Date(at + 1 > 253_402_300_799_999 ? at : at + 1).toISOString(),
      )
    }
  }
})
