import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Writable } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { event, linesOf, scratchLog, type Scratch } from '../../../test/audit/scratch-log.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Sink } from '../../core/ports/sink.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { SinkFeed } from '../logs/sink-feed.ts'
import { quickFs, STORE_ID } from '../../../test/audit/scratch-log.ts'
import { fileSink } from './file.ts'
import { SINKS } from './registry.ts'
import { stdoutSink } from './stdout.ts'

let dir: string
let scratch: Scratch
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-sink-'))
  scratch = scratchLog()
})
afterEach(async () => {
  await scratch.remove()
  rmSync(dir, { recursive: true })
})

const linesIn = (file: string) =>
  existsSync(file) ? readFileSync(file, 'latin1').split('\n').slice(0, -1) : []

test('the file is for its owner only, and a line that was torn is written over', async () => {
  const file = path.join(dir, 'f')
  const log = await scratch.open({ sinks: [fileSink({ file })] })
  await log.append([event('a')])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  appendFileSync(file, '{"seq":3,"at":"20')
  await log.append([event('b')])
  expect(linesIn(file)).toEqual(linesOf(scratch.dir))
})

test('a file that cannot be opened is audit_unavailable', async () => {
  const sink = fileSink({ file: path.join(dir, 'none', 'f') })
  expect((await refusalOf(async () => sink.head?.())).code).toBe('audit_unavailable')
})

test('a file needs a name', () => {
  expect(refusal(() => SINKS.file.make('')).code).toBe('invalid_argument')
})

test('two processes may share one file', async () => {
  const file = path.join(dir, 'f')
  const a = await scratch.open({ sinks: [fileSink({ file })] })
  const b = await scratch.open({ sinks: [fileSink({ file })] })
  for (const log of [a, b, b, a, b]) await log.append([event('x')])
  expect(linesIn(file)).toEqual(linesOf(scratch.dir))
})

test('while a sink is away nothing is handed out', async () => {
  const file = path.join(dir, 'late', 'f')
  const log = await scratch.open({ sinks: [fileSink({ file })], segmentBytesMax: 600 })
  expect((await refusalOf(() => log.append([event('a')]))).code).toBe('audit_unavailable')
  mkdirSync(path.join(dir, 'late'))
  // Refused before anything was written: the sink is asked where it stands first.
  expect(linesOf(scratch.dir)).toEqual([])
  await log.append([event('b')])
  await log.append([event('c')])
  expect(linesIn(file)).toEqual(linesOf(scratch.dir))
})

test('what was appended while a sink was not composed reaches it with the next event', async () => {
  const file = path.join(dir, 'f')
  const log = await scratch.open({ sinks: [fileSink({ file })], segmentBytesMax: 600 })
  await log.append([event('a')])
  const without = await scratch.open({ segmentBytesMax: 600 })
  for (let n = 0; n < 5; n++) await without.append([event(`s/${n}`)])
  await log.append([event('b')])
  expect(linesIn(file)).toEqual(linesOf(scratch.dir))
})

/** A sink whose answers tests give by hand. */
function slowSink() {
  const held: string[] = []
  let answer: (() => void) | undefined
  let slow = false
  const sink: Sink = {
    kind: 'slow',
    description: 'a slow place',
    async append(lines) {
      if (slow) await new Promise<void>((resolve) => (answer = resolve))
      held.push(...lines)
    },
    close: async () => {},
  }
  return { sink, held, answer: () => answer?.(), slow: (on: boolean) => (slow = on) }
}

test('a sink that does not answer in time is audit_unavailable, and never asked twice at once', async () => {
  const slow = slowSink()
  const place = { fs: quickFs, dir: scratch.dir, storeId: STORE_ID }
  expect(LIMITS.auditSinkTimeoutMs).toBe(5_000)
  const feed = new SinkFeed(place, [slow.sink], 0, 30)
  const end = { segment: 1, bytes: 0, seq: 1, hash: '', generation: 0, signedSeq: 1 }
  await feed.refuseBehind(0)
  feed.hint(0, ['line'])
  slow.slow(true)
  expect((await refusalOf(() => feed.catchUp(end))).message).toContain('within 30 ms')
  slow.slow(false)
  expect((await refusalOf(() => feed.catchUp(end))).code).toBe('audit_unavailable')
  expect(slow.held).toEqual([])
  slow.answer()
  await new Promise((resolve) => setImmediate(resolve))
  await feed.catchUp(end)
  expect(slow.held).toEqual(['line', 'line'])
})

test('what one sink refuses is refused, and the log and the others stay whole', async () => {
  const good = slowSink()
  let broken = true
  const bad: Sink = {
    kind: 'bad',
    description: 'a bad place',
    append: async () => {
      if (broken) throw new Error('vendor body with a secret')
    },
    close: async () => {},
  }
  const log = await scratch.open({ sinks: [good.sink, bad] })
  const refused = await refusalOf(() => log.append([event('a')]))
  expect(refused.code).toBe('audit_unavailable')
  expect(JSON.stringify(refused)).not.toContain('vendor')
  scratch.outbox.put(1)
  expect((await refusalOf(() => log.complete(1))).code).toBe('audit_unavailable')
  broken = false
  await log.complete(1)
  expect(good.held).toEqual(linesOf(scratch.dir))
  expect(await log.verify()).toMatchObject({ ok: true, events: 2 })
})

test('a reader of standard output that goes away ends no process', async () => {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) })
  const sink = stdoutSink({ stream })
  for (const attempt of [1, 2]) {
    const refused = await refusalOf(() => sink.append(['x'], new AbortController().signal))
    expect(refused.code, `attempt ${attempt}`).toBe('audit_unavailable')
  }
})
