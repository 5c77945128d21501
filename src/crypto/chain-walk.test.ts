import { beforeAll, expect, test } from 'vitest'
import { event, SIGNER, START_MS, STORE_ID } from '../../test/audit/scratch-log.ts'
import { LIMITS } from '../core/limits.ts'
import { auditPublicKey } from './audit-public-key.ts'
import { eventBody, eventLine, genesisHash, lineHash, signatureLine } from './audit-line.ts'
import { ChainWalk, type ChainOptions } from './chain-walk.ts'

const publicKey = auditPublicKey(SIGNER.publicKeyPem)
/** More than two windows of signatures that wait to be verified. */
const FLUSHES = 2_600

/** One event and its signature, again and again; `at` in milliseconds by flush. */
function chain(
  flushes: number,
  forge: (flush: number) => string = String,
  at = START_MS,
): string[] {
  const lines: string[] = []
  let prev = genesisHash(STORE_ID)
  const put = (line: string) => {
    lines.push(line)
    prev = lineHash(line)
  }
  for (let flush = 0; flush < flushes; flush++) {
    put(eventLine(2 * flush + 1, eventBody(event(forge(flush))), prev))
    const place = { seq: 2 * flush + 2, at: at + flush, generation: flush, prev }
    put(signatureLine(place, STORE_ID, SIGNER))
  }
  return lines
}

function walked(lines: readonly string[], options: Partial<ChainOptions> = {}) {
  const walk = new ChainWalk({ storeId: STORE_ID, publicKey, ...options })
  walk.segment('a')
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  for (let from = 0; from < bytes.length; from += 65_536)
    walk.push(bytes.subarray(from, from + 65_536))
  return walk.end()
}

let whole: string[]
beforeAll(() => {
  whole = chain(FLUSHES)
})

test('a long chain is whole, and its head is the last signature', () => {
  expect(walked(whole)).toEqual({
    ok: true,
    events: FLUSHES,
    segments: 1,
    unsigned: 0,
    head: {
      seq: 2 * FLUSHES,
      hash: lineHash(whole.at(-1)!),
      generation: FLUSHES - 1,
      key: SIGNER.key,
    },
    warnings: [],
  })
})

test.each([0, 1, 1_023, 1_024, 1_025, 2_047, 2_048, FLUSHES - 1])(
  'a chain computed anew from flush %d on, its signatures kept, is found there',
  (flush) => {
    const forged: string[] = []
    for (const [at, line] of whole.entries()) {
      const prev = at === 0 ? genesisHash(STORE_ID) : lineHash(forged[at - 1]!)
      const changed = at === 2 * flush ? line.replace('alice', 'mallo') : line
      forged.push(changed.replace(/"prev":"[^"]*"\}$/, `"prev":"${prev}"}`))
    }
    const { problem } = walked(forged)
    expect(problem).toMatchObject({ seq: 2 * flush + 1, line: 2 * flush + 1 })
  },
)

test('without a key the chain alone is followed, and that is said', () => {
  const report = walked(whole.slice(0, 4), { publicKey: undefined })
  expect(report.ok).toBe(true)
  expect(report.warnings).toEqual([expect.stringContaining('not checked')])
})

test('a clock that went backwards is a warning', () => {
  const late = chain(1, String, START_MS + 5_000)
  const place = { seq: 3, at: START_MS, generation: 0, prev: lineHash(late[1]!) }
  const { ok, warnings } = walked([...late, signatureLine(place, STORE_ID, SIGNER)])
  expect(ok).toBe(true)
  expect(warnings).toEqual([expect.stringContaining('first at entry 3')])
})

test('a line of auditLineBytesMax is followed, a longer one is bad, with a newline or without', () => {
  const atMost = (resource: number) => chain(1, () => 'r'.repeat(resource))[0]!
  const room = LIMITS.auditLineBytesMax - 15 - atMost(0).length
  expect(walked([atMost(room)]).ok).toBe(true)
  const long = atMost(0).replace(
    '"resource":"',
    `"resource":"${'r'.repeat(LIMITS.auditLineBytesMax)}`,
  )
  expect(walked([long]).problem).toMatchObject({ seq: 1 })
  const walk = new ChainWalk({ storeId: STORE_ID, publicKey })
  walk.segment('a')
  for (let n = 0; n < 100; n++) walk.push(Buffer.alloc(1_000, 'x'))
  expect(walk.stopped).toBe(true)
})

test('an empty log is whole', () => {
  expect(walked([])).toEqual({ ok: true, events: 0, segments: 1, unsigned: 0, warnings: [] })
})

test('a witness of an empty log means that all of it was cut', () => {
  const { problem } = walked([], { witnesses: [{ name: 'the store', seq: 9 }] })
  expect(problem).toMatchObject({ seq: 1 })
})
