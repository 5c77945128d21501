import { generateKeyPairSync } from 'node:crypto'
import { cpSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { event, linesOf, scratchLog, SIGNER, STORE_ID } from '../../../test/audit/scratch-log.ts'
import type { Scratch } from '../../../test/audit/scratch-log.ts'
import type { AuditLog } from '../../core/ports/audit-log.ts'
import { eventBody, eventLine, lineHash, placeOf } from '../../crypto/audit-line.ts'
import { verifyExport } from '../../crypto/audit-chain.ts'
import { auditPublicKey } from '../../crypto/audit-public-key.ts'
import { ChainWalk } from '../../crypto/chain-walk.ts'
import { refusalOf } from '../../testing/refusal.ts'

/** Entries 1-3 signed by 4, 5-6 by 7, 8 by 9, 10-12 by 13. */
const FLUSHES = [3, 2, 1, 3]
const LAST = 13
const ENTRIES = Array.from({ length: LAST }, (_, n) => n + 1)

let scratch: Scratch
let log: AuditLog
let lines: string[]

beforeEach(async () => {
  scratch = scratchLog()
  log = await scratch.open()
  for (const [flush, count] of FLUSHES.entries()) {
    await log.append(Array.from({ length: count }, (_, n) => event(`s/${flush}/${n}`)))
  }
  lines = linesOf(scratch.dir)
})

afterEach(() => scratch.remove())

const put = (changed: readonly string[]) =>
  writeFileSync(scratch.segment(), changed.map((line) => `${line}\n`).join(''), 'latin1')
const without = (seq: number) => lines.toSpliced(seq - 1, 1)
const firstBad = async () => (await log.verify()).problem

/** Numbers and links made right again from entry `from` on, as an attacker without the key can. */
function rechained(changed: readonly string[], from: number): string[] {
  const done = changed.slice(0, from - 1)
  for (const line of changed.slice(from - 1)) {
    const prev = lineHash(done.at(-1)!)
    done.push(
      line
        .replace(/^\{"seq":\d+/, `{"seq":${done.length + 1}`)
        .replace(/"prev":"[^"]*"\}$/, `"prev":"${prev}"}`),
    )
  }
  return done
}

const edit = (seq: number) =>
  lines.with(seq - 1, lines[seq - 1]!.replace('alice', 'mallo').replace('"at":"2026', '"at":"2025'))

test('an untouched log verifies', async () => {
  expect(lines).toHaveLength(LAST)
  expect(await log.verify()).toEqual({
    ok: true,
    events: 9,
    segments: 1,
    unsigned: 0,
    head: { seq: LAST, hash: lineHash(lines[LAST - 1]!), generation: 0, key: SIGNER.key },
    warnings: [],
  })
})

test.each(ENTRIES)('an edit of entry %d is found there', async (seq) => {
  put(edit(seq))
  expect(await firstBad()).toMatchObject({ seq, line: seq, segment: '000000001.jsonl' })
})

test.each(ENTRIES)('a deletion of entry %d is found there', async (seq) => {
  put(without(seq))
  expect((await firstBad())?.seq).toBe(seq)
})

test.each(ENTRIES.slice(0, -1))('entries %d and the next one exchanged are found', async (seq) => {
  put(lines.with(seq - 1, lines[seq]!).with(seq, lines[seq - 1]!))
  expect((await firstBad())?.seq).toBe(seq)
})

test.each(ENTRIES)('entry %d twice is found at its second place', async (seq) => {
  put(lines.toSpliced(seq, 0, lines[seq - 1]!))
  expect(await firstBad()).toMatchObject({ seq, line: seq + 1 })
})

test.each(ENTRIES.slice(1))('an entry inserted as %d is found', async (seq) => {
  const forged = eventLine(seq, eventBody(event('forged')), lineHash(lines[seq - 2]!))
  put(lines.toSpliced(seq - 1, 0, forged))
  expect(await firstBad()).toMatchObject({ seq, line: seq })
})

test.each(ENTRIES)(
  'an edit of entry %d with the chain computed anew is found in its flush',
  async (seq) => {
    put(rechained(edit(seq), seq + 1))
    const bad = await firstBad()
    const flush = [1, 1, 1, 1, 5, 5, 5, 8, 8, 10, 10, 10, 10][seq - 1]!
    expect(bad?.seq).toBe(seq === LAST ? LAST : flush)
  },
)

test('a deletion with the chain computed anew is found in its flush', async () => {
  put(rechained(without(6), 6))
  expect((await firstBad())?.seq).toBe(5)
})

test('every flipped byte is found in its entry, the newlines too', () => {
  const whole = readFileSync(scratch.segment())
  const starts = lines.map((_, n) => lines.slice(0, n).join('').length + n)
  const last = lines[LAST - 1]!
  const witnesses = [{ name: 'the head file', seq: LAST, hash: lineHash(last) }]
  const publicKey = auditPublicKey(SIGNER.publicKeyPem)
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole)
    flipped[at] = flipped[at]! ^ (1 << (at % 8))
    const walk = new ChainWalk({ storeId: STORE_ID, publicKey, witnesses })
    walk.segment('1')
    // In pieces, so that lines are put together again.
    for (let from = 0; from < flipped.length; from += 500)
      walk.push(flipped.subarray(from, from + 500))
    const entry = starts.findLastIndex((start) => start <= at) + 1
    const bad = walk.end().problem
    expect(bad?.seq, `byte ${at}: ${bad?.what}`).toBe(entry)
  }
})

test('a flipped byte of the file is found', async () => {
  const whole = readFileSync(scratch.segment())
  for (let at = 3; at < whole.length; at += 37) {
    const flipped = Buffer.from(whole)
    flipped[at] = flipped[at]! ^ (1 << (at % 8))
    writeFileSync(scratch.segment(), flipped)
    expect((await log.verify()).ok, `byte ${at}`).toBe(false)
  }
})

test('a tail cut at any byte is found by the head file, and nothing is appended over it', async () => {
  const whole = readFileSync(scratch.segment())
  for (let size = whole.length - 1; size >= 0; size -= 13) {
    truncateSync(scratch.segment(), size)
    const kept = whole.subarray(0, size).filter((byte) => byte === 0x0a).length
    expect((await firstBad())?.seq, `cut at ${size}`).toBe(kept + 1)
    expect((await refusalOf(() => log.append([event('x')]))).code).toBe('audit_tampered')
    const fresh = await scratch.open()
    expect((await refusalOf(() => fresh.append([event('x')]))).code).toBe('audit_tampered')
    await fresh.close()
    expect(readFileSync(scratch.segment())).toHaveLength(size)
  }
})

test('a tail that is cut together with the head file is found by each other witness', async () => {
  const head = await log.head()
  put(lines.slice(0, 9))
  rmSync(path.join(scratch.dir, 'head'))
  const fresh = await scratch.open()
  expect((await fresh.verify()).warnings).toHaveLength(1)
  expect((await fresh.verify({ checkpoint: head })).problem).toMatchObject({ seq: 10 })
  expect((await fresh.verify({ anchor: head })).problem?.what).toContain('the store knows')
  const sink = {
    kind: 's',
    description: 'elsewhere',
    append: async () => {},
    close: async () => {},
  }
  const witnessed = await scratch.open({
    sinks: [{ ...sink, head: async () => ({ seq: 12, generation: 0 }) }],
  })
  expect((await witnessed.verify()).problem?.what).toContain('the sink elsewhere knows')
  expect((await refusalOf(() => witnessed.append([event('x')]))).code).toBe('audit_tampered')
})

test('where nobody else remembers, the log tells from then on that the head file was gone', async () => {
  put(lines.slice(0, 10))
  rmSync(path.join(scratch.dir, 'head'))
  const fresh = await scratch.open()
  await fresh.append([event('x')])
  const { ok, warnings } = await fresh.verify()
  expect([ok, warnings]).toEqual([
    true,
    [expect.stringMatching(/^The head file was missing or damaged at entry 11 of 2026-01-01T/)],
  ])
  const repairs = await fresh.query({ action: 'audit.repair' })
  expect(repairs.map(({ reason }) => reason)).toEqual([expect.stringContaining('behind entry 10')])
  await fresh.append([event('y')])
  expect(await fresh.query({ action: 'audit.repair' })).toHaveLength(1)
})

test('a process that saw more refuses a log that was put back, head file and all', async () => {
  const before = `${scratch.dir}-before`
  cpSync(scratch.dir, before, { recursive: true })
  await log.append([event('newer')])
  cpSync(before, scratch.dir, { recursive: true })
  rmSync(before, { recursive: true })
  expect((await refusalOf(() => log.append([event('x')]))).code).toBe('audit_tampered')
  expect((await refusalOf(() => log.refresh())).code).toBe('audit_tampered')
})

test('lines go to the file that has the name, also after its directory was left alone', async () => {
  const more = async () => {
    await log.append([event('s/more')])
    return linesOf(scratch.dir).length
  }
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect([await more(), await more()]).toEqual([LAST + 2, LAST + 4])
  cpSync(scratch.segment(), `${scratch.segment()}.copy`)
  await new Promise((resolve) => setTimeout(resolve, 120))
  expect(await more()).toBe(LAST + 6)
  cpSync(scratch.segment(), `${scratch.segment()}.copy`)
  renameSync(`${scratch.segment()}.copy`, scratch.segment())
  expect(await more()).toBe(LAST + 8)
  expect((await log.verify()).ok).toBe(true)
})

test('a tail that is cut while its directory is left alone is noticed', async () => {
  await new Promise((resolve) => setTimeout(resolve, 120))
  await log.append([event('s/more')])
  await log.append([event('s/more')])
  truncateSync(scratch.segment(), readFileSync(scratch.segment()).length - 1)
  const refused = await refusalOf(() => log.append([event('s/more')]))
  expect(refused.code).toBe('audit_tampered')
})

test('a checkpoint of another history is found at its entry', async () => {
  const checkpoint = { ...(await log.head()), seq: 9, hash: lineHash('another') }
  expect((await log.verify({ checkpoint })).problem).toMatchObject({ seq: 9 })
})

test('the log of another store does not verify, though every signature in it is good', async () => {
  const other = await scratch.open({ storeId: STORE_ID.replace('0', 'f') })
  expect((await other.verify()).problem).toMatchObject({ seq: 1 })
})

test('a fork that was signed with the same key is found where it parts', async () => {
  const fork = scratchLog()
  writeFileSync(
    fork.segment(),
    lines
      .slice(0, 7)
      .map((line) => `${line}\n`)
      .join(''),
  )
  const forked = await fork.open()
  await forked.append([event('forked'), event('forked'), event('forked')])
  const theirs = linesOf(fork.dir)
  await fork.remove()
  expect(placeOf(theirs[7]!)?.prev).toBe(placeOf(lines[7]!)?.prev)
  put([...lines.slice(0, 9), ...theirs.slice(9)])
  expect((await firstBad())?.seq).toBe(10)
})

test('a damaged or missing head file is a warning, and is made again by the next flush', async () => {
  for (const content of ['', 'nonsense\n', lines[3]!.replace('e', 'f')]) {
    writeFileSync(path.join(scratch.dir, 'head'), content)
    const report = await log.verify()
    expect(report.ok).toBe(true)
    expect(report.warnings).toEqual([expect.stringContaining('head file')])
  }
  await log.append([event('x')])
  expect(await log.verify()).toMatchObject({ ok: true, warnings: [] })
})

async function collected(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return all
}

test('a stranger verifies an export, or an extract, with the public key alone', async () => {
  const pem = readFileSync(path.join(scratch.dir, 'public-key.pem'), 'latin1')
  const whole = await collected(log.export())
  expect(await verifyExport(whole, pem, STORE_ID)).toMatchObject({ ok: true, events: 9 })
  const part = await collected(log.export({ fromSeq: 8 }))
  expect(await verifyExport(part, pem, STORE_ID)).toMatchObject({ ok: true, events: 4 })
  const { head: checkpoint } = await verifyExport(whole, pem, STORE_ID)
  expect(await verifyExport(part, pem, STORE_ID, { checkpoint })).toMatchObject({ ok: true })
  const cut = Buffer.concat(whole)
  const short = cut.subarray(0, cut.lastIndexOf('\n', cut.length - 2) + 1)
  expect((await verifyExport([short], pem, STORE_ID, { checkpoint })).problem?.what).toContain(
    'the checkpoint knows of entry',
  )
  const changed = Buffer.concat(part)
  changed[100] = changed[100]! ^ 1
  expect((await verifyExport([changed], pem, STORE_ID)).problem).toMatchObject({ seq: 8 })
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).publicKey
  for (const other of ['no key', rsa.export({ type: 'spki', format: 'pem' })]) {
    const { code, remedy } = await refusalOf(() => verifyExport(whole, other, STORE_ID))
    expect([code, remedy]).toEqual(['invalid_key', expect.stringContaining('public-key.pem')])
  }
})
