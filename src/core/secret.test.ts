import { spawnSync } from 'node:child_process'
import { format, inspect } from 'node:util'
import { MessageChannel } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { decodeText, Secret, textSecret } from './secret.ts'

const CANARY = 'c4nary-8d1f'
const SHOWN = '[secret db/password v7]'
const secret = textSecret('db/password', CANARY, 7)

describe('a secret shows its name and never its value', () => {
  test.each<[string, () => string]>([
    ['String()', () => String(secret)],
    ['a template', () => `<${secret as unknown as string}>`.slice(1, -1)],
    ['concatenation', () => ('<' + (secret as unknown as string)).slice(1)],
    ['join', () => [secret].join()],
    ['JSON', () => JSON.parse(JSON.stringify(secret)) as string],
    ['JSON, nested', () => (JSON.parse(JSON.stringify({ a: [secret] })) as { a: [string] }).a[0]],
    ['inspect', () => inspect(secret)],
    [
      'inspect with everything',
      () => inspect(secret, { showHidden: true, depth: 9, getters: true }),
    ],
    [
      'inspect without custom hooks of an object around it',
      () => inspect({ secret }).slice(10, -2),
    ],
    ['format %s', () => format('%s', secret)],
    ['format %o', () => format('%o', secret)],
    ['format %O', () => format('%O', secret)],
    ['an error message', () => new Error(secret as unknown as string).message],
    ['toLocaleString', () => secret.toLocaleString()],
    ['toPrimitive', () => secret[Symbol.toPrimitive]()],
  ])('%s', (_name, show) => expect(show()).toBe(SHOWN))

  test('a number of it is not a number', () => {
    expect(Number(secret)).toBeNaN()
  })

  test('without a version the name stands alone', () => {
    expect(String(textSecret('env:TOKEN', CANARY))).toBe('[secret env:TOKEN]')
  })
})

describe('nothing that copies or walks an object finds the value', () => {
  const bytesOf = (text: string) => [...Buffer.from(text)].join()
  test.each<[string, () => unknown]>([
    ['spread', () => ({ ...(secret as object) })],
    ['Object.assign', () => Object.assign({}, secret)],
    [
      'own properties',
      () => Reflect.ownKeys(secret).map((key) => Reflect.get(secret, key) as unknown),
    ],
    ['entries', () => Object.entries(secret)],
    ['structuredClone', () => structuredClone(secret)],
    [
      'inspect with customInspect off',
      () => inspect(secret, { customInspect: false, showHidden: true, depth: 9 }),
    ],
    [
      'for in',
      () => {
        const found: unknown[] = []
        for (const key in secret) found.push(key)
        return found
      },
    ],
  ])('%s', (_name, copy) => {
    const text = inspect(copy(), { depth: 9, showHidden: true })
    expect(text).not.toContain(CANARY)
    expect(text.replaceAll(/[^\d,]/g, '')).not.toContain(bytesOf(CANARY))
  })

  test('postMessage', async () => {
    const { port1, port2 } = new MessageChannel()
    const arrived = new Promise((resolve) => port2.once('message', resolve))
    port1.postMessage(secret)
    expect(inspect(await arrived, { showHidden: true, depth: 9 })).not.toContain(CANARY)
    port1.close()
  })

  test('its prototype cannot be used to read a clone', () => {
    const clone: unknown = structuredClone(secret)
    expect(() => Secret.prototype.reveal.call(clone as Secret)).toThrow(TypeError)
  })
})

test('reveal yields the value, afresh each time', () => {
  expect(secret.reveal()).toBe(CANARY)
  const json = new Secret({
    name: 'j',
    bytes: Buffer.from('{"a":1}'),
    decode: (bytes) => JSON.parse(decodeText(bytes)) as object,
  })
  expect(json.reveal()).toEqual({ a: 1 })
  expect(json.reveal()).not.toBe(json.reveal())
})

test('the bytes that are revealed are a copy', () => {
  const copy = secret.revealBytes()
  expect(Buffer.from(copy).toString()).toBe(CANARY)
  copy.fill(0)
  expect(secret.reveal()).toBe(CANARY)
})

test('equals compares values; == does not', () => {
  const same = textSecret('other', CANARY)
  expect(secret.equals(same)).toBe(true)
  expect(secret.equals(CANARY)).toBe(true)
  expect(secret.equals(Buffer.from(CANARY))).toBe(true)
  expect(secret === same).toBe(false)
  expect((secret as unknown) == CANARY).toBe(false)
  for (const other of [
    '',
    `${CANARY}x`,
    CANARY.slice(1),
    CANARY.toUpperCase(),
    `${CANARY.slice(0, -1)}\0`,
    `${CANARY}\0`,
  ]) {
    expect(secret.equals(other), other).toBe(false)
    expect(textSecret('o', other).equals(secret), other).toBe(false)
  }
  expect(textSecret('e', '').equals('')).toBe(true)
})

test('erase overwrites', () => {
  const bytes = Buffer.from(CANARY)
  const gone = new Secret({ name: 'x', bytes, decode: decodeText })
  gone.erase()
  expect([...bytes].every((byte) => byte === 0)).toBe(true)
  expect(gone.reveal()).toBe('\0'.repeat(CANARY.length))
  expect(gone.equals(CANARY)).toBe(false)
})

test('onChange is wired to the source, and silent without one', () => {
  const calls: unknown[] = []
  const watched = new Secret({
    name: 'w',
    bytes: Buffer.from('1'),
    decode: decodeText,
    watch: (listener, onError) => {
      listener(textSecret('w', '2'))
      onError('problem')
      return () => calls.push('stopped')
    },
  })
  watched.onChange(
    (now) => calls.push(now.reveal()),
    (error) => calls.push(error),
  )()
  watched.onChange(() => {})()
  expect(calls).toEqual(['2', 'problem', 'stopped', 'stopped'])
  expect(secret.onChange(() => calls.push('never'))()).toBe(undefined)
  expect(calls).not.toContain('never')
})

/** The canary is put together from parts, so that the source text does not hold it either. */
const HEAP_SCRIPT = `
  import { getHeapSnapshot } from 'node:v8'
  import { setTimeout } from 'node:timers/promises'
  const { Secret, decodeText } = await import(process.argv[1])
  const canary = () => ['hEaP', 'cAnArY', '5150'].join('-')
  const parts = Buffer.from(canary().split('').reverse().join(''))
  const bytes = Uint8Array.from(parts.reverse())
  const secret = new Secret({ name: 'heap', bytes, decode: decodeText })
  let kept = process.argv[2] === 'kept' ? secret.reveal() : undefined
  let length = secret.reveal().length
  for (let i = 0; i < 3; i++) { globalThis.gc(); await setTimeout(0) }
  let text = ''
  const needle = Buffer.from(bytes)
  let tail = Buffer.alloc(0)
  let found = false
  for await (const chunk of getHeapSnapshot()) {
    const joined = Buffer.concat([tail, Buffer.from(chunk)])
    if (joined.includes(needle)) found = true
    tail = joined.subarray(-64)
  }
  console.log(JSON.stringify({ found, length, kept: kept !== undefined, ok: secret.equals(needle) }))
`

const heapAfter = (mode: string): { found: boolean; length: number; ok: boolean } => {
  const secretModule = new URL('./secret.ts', import.meta.url).href
  const child = spawnSync(
    process.execPath,
    ['--expose-gc', '--input-type=module', '--eval', HEAP_SCRIPT, '--', secretModule, mode],
    { encoding: 'utf8', timeout: 20_000 },
  )
  return JSON.parse(child.stdout) as { found: boolean; length: number; ok: boolean }
}

test('after reveal() is dropped, no string of the value is left in the heap', () => {
  expect(heapAfter('kept')).toMatchObject({ found: true, ok: true })
  expect(heapAfter('dropped')).toMatchObject({ found: false, length: 16, ok: true })
})
