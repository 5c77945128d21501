import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { SecretValue } from '../../core/value.ts'
import type { Stage } from './world.ts'
import { expectRefusal, revealed } from './world.ts'

const LONE_SURROGATE = 'half \ud800 of a pair'

const VALUES: Readonly<Record<string, SecretValue>> = {
  'the empty string': '',
  'NUL characters': 'a\0b\0',
  'a byte order mark': '\ufeffbom',
  newlines: 'a\r\nb\n',
  'every plane of Unicode': 'é e\u0301 \u202e 日本 😀 \u{10ffff}',
  'no bytes': new Uint8Array(),
  'every byte': Uint8Array.from({ length: 256 }, (_, i) => i),
  'a JSON object': { user: 'u', nested: { list: [1, null, true, 'x'] } },
  'an empty object': {},
  'half a pair inside of JSON': { text: LONE_SURROGATE },
  'awkward member names': JSON.parse('{"__proto__":{"a":1},"constructor":"c"}') as SecretValue,
  'a value that looks like a reference': 'secretRef: db/password',
}

/** Values come back as they went in, or are refused; nothing is merged, cut or printed. */
export function valuesContract(stage: () => Stage): void {
  it.each(Object.entries(VALUES))('brings back %s', async (_, value) => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value })
    const found = await coffer.read({ path })
    expect(revealed(found)).toEqual(value)
    expect(JSON.stringify(revealed(found))).toBe(JSON.stringify(value))
    const encoding =
      typeof value === 'string' ? 'text' : value instanceof Uint8Array ? 'bytes' : 'json'
    expect(found?.encoding).toBe(encoding)
  })

  it('refuses what would not come back as it is', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const odd = [LONE_SURROGATE, null, 5, true, ['list'], () => 'x', Symbol('x')]
    for (const value of odd) {
      await expectRefusal('invalid_value', () =>
        coffer.write(path, { value: value as unknown as SecretValue }),
      )
    }
    const cycle: Record<string, unknown> = {}
    cycle['self'] = cycle
    const shadow = { toJSON: () => 'text' }
    for (const value of [cycle, { big: 1n }, new Date(), new Map(), shadow]) {
      await expectRefusal('invalid_value', () => coffer.write(path, { value: value as never }))
    }
    expect(await coffer.describe(path)).toBeUndefined()
  })

  it('takes a value at the limit of bytes and refuses one more', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const at = 'x'.repeat(LIMITS.valueBytesMax)
    await coffer.write(path, { value: at })
    expect(revealed(await coffer.read({ path }))).toBe(at)
    await expectRefusal('too_large', () => coffer.write(path, { value: `${at}x` }))
    const bytes = new Uint8Array(LIMITS.valueBytesMax + 1)
    await expectRefusal('too_large', () => coffer.write(path, { value: bytes }))
    await expectRefusal('too_large', () => coffer.write(path, { value: 'é'.repeat(40_000) }))
    expect((await coffer.describe(path))?.versions).toHaveLength(1)
  })

  it('takes ordinary names that JavaScript finds special', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype']
    for (const name of names) {
      const path = `${root}/${name}`
      const tags = JSON.parse(`{"${name}":"tag"}`) as Record<string, string>
      await coffer.write(path, { value: name, tags })
      expect(revealed(await coffer.read({ path }))).toBe(name)
      const record = await coffer.describe(path)
      expect(Object.entries(record?.tags ?? {})).toEqual([[name, 'tag']])
      const page = await coffer.list({ prefix: root, where: { tag: `${name}=tag` } })
      expect(page.items.map((item) => item.path)).toEqual([path])
    }
    const path = `${root}/labelled`
    await coffer.write(path, { value: 'x' })
    expect(await coffer.read({ path, label: 'constructor' })).toBeUndefined()
    await coffer.label(path, { label: 'constructor', to: 1 })
    expect(revealed(await coffer.read({ path, label: 'constructor' }))).toBe('x')
    await expectRefusal('invalid_label', () => coffer.label(path, { label: '__proto__', to: 1 }))
    await coffer.label(path, { label: 'constructor' })
    expect(await coffer.read({ path, label: 'constructor' })).toBeUndefined()
  })

  it('knows one spelling of a path', async () => {
    const { coffer, fresh } = stage()
    const path = `${fresh()}/Name`
    const receipt = await coffer.write(`/${path}`, { value: 'x' })
    expect(receipt.path).toBe(path)
    expect(revealed(await coffer.read({ path }))).toBe('x')
    expect(await coffer.read({ path: path.toLowerCase() })).toBeUndefined()
    const odd = [
      '',
      '/',
      'a//b',
      '../a',
      'a/./b',
      'a/',
      'a\0',
      'a\nb',
      'e\u0301',
      'a\\b',
      'a\u202e',
    ]
    for (const bad of odd) {
      await expectRefusal('invalid_path', () => coffer.write(bad, { value: 'x' }))
      await expectRefusal('invalid_path', () => coffer.read({ path: bad }))
    }
  })

  it('refuses a secret whose name is that of something else', async () => {
    const { coffer } = stage()
    for (const path of ['audit:log', 'policy:x', 'store:keys', 'actor:local:me/x', 'role:a']) {
      await expectRefusal('invalid_path', () => coffer.write(path, { value: 'x' }))
      expect(await coffer.describe(path)).toBeUndefined()
    }
  })

  it('validates by type on write, and a new type against the value that is there', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: '42', type: { name: 'number' } })
    await expectRefusal('invalid_value', () => coffer.write(path, { value: 'many' }))
    await expectRefusal('invalid_value', () => coffer.update(path, { type: { name: 'url' } }))
    const error = await coffer.write(path, { value: 'CANARY-VALUE' }).catch((e: unknown) => e)
    expect(JSON.stringify(error) + String(error)).not.toContain('CANARY-VALUE')
    expect((await coffer.read({ path }))?.type).toEqual({ name: 'number' })
  })

  it('shows no value anywhere but in reveal', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'CANARY-VALUE' })
    const found = await coffer.read({ path })
    const record = await coffer.describe(path)
    const page = await coffer.list({ prefix: path })
    const shown = JSON.stringify([found, record, page]) + String(found?.secret)
    expect(shown).not.toContain('CANARY-VALUE')
    expect(String(found?.secret)).toBe(`[secret ${path} v1]`)
  })
}
