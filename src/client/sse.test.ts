import { expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { createEventReader } from './sse.ts'
import type { ServerEvent } from './sse.ts'

const TEXT = [
  ': hello\n\n',
  'id: 1\nevent: write\ndata: {"path":"é😀"}\n\n',
  'data: a\ndata:b\ndata\n\n',
  'event: nothing\n\n',
  'id: 2\r\ndata: crlf\r\n\r\n',
  'data: cr\r\r',
  'unknown: field\ndata:  two spaces\n\n',
  'data: cut off',
].join('')

const EVENTS: ServerEvent[] = [
  { name: 'write', data: '{"path":"é😀"}', id: '1' },
  { name: 'message', data: 'a\nb\n', id: '1' },
  { name: 'message', data: 'crlf', id: '2' },
  { name: 'message', data: 'cr', id: '2' },
  { name: 'message', data: ' two spaces', id: '2' },
]

test('a stream is read as the standard says', () => {
  expect(createEventReader().read(Buffer.from(TEXT))).toEqual(EVENTS)
})

test('it is the same however it is cut into chunks', () => {
  const bytes = Buffer.from(TEXT)
  const random = seededRandom('sse')
  for (let round = 0; round < 300; round++) {
    const { read, lastId } = createEventReader()
    const events: ServerEvent[] = []
    for (let at = 0; at < bytes.length;) {
      const size = 1 + ((random(1)[0] ?? 0) % 9)
      events.push(...read(bytes.subarray(at, at + size)))
      at += size
    }
    expect(events).toEqual(EVENTS)
    expect(lastId()).toBe('2')
  }
})

test('an event has at most so many characters, in one line or in many', () => {
  const field = 'data:'
  const at = 'x'.repeat(LIMITS.clientEventBytesMax - field.length)
  expect(createEventReader().read(Buffer.from(`${field}${at}\n\n`))).toHaveLength(1)
  const past = [`${field}${at}x\n\n`, `${field}${at}x`, `data:a\n${field}${at}\n\n`]
  for (const text of past) {
    expect(() => createEventReader().read(Buffer.from(text))).toThrow(/more than/)
  }
})

test('where to go on from is known once it is said as a whole, with an event or without', () => {
  const { read, lastId } = createEventReader()
  expect([read(Buffer.from('id: 7\n')), lastId()]).toEqual([[], undefined])
  expect([read(Buffer.from('\n')), lastId()]).toEqual([[], '7'])
  expect([read(Buffer.from('data: x\n\n')).length, lastId()]).toEqual([1, '7'])
  expect([read(Buffer.from('id: a\0b\n\nid\n\n')), lastId()]).toEqual([[], ''])
})
