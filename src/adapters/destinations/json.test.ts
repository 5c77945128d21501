import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import * as fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { textSecret } from '../../core/secret.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { editJson, MARKS } from './files/json-text.ts'
import { json } from './json.ts'

const dirs: string[] = []
const folder = (): string => {
  const dir = mkdtempSync(path.join(tmpdir(), 'coffer-json-'))
  dirs.push(dir)
  return dir
}
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true, force: true })
})
const at = (dir: string) =>
  json({ env: {}, options: { file: 'out.json' }, dir, environment: 'test' })

destinationContract('json', () => {
  const dir = folder()
  const file = path.join(dir, 'out.json')
  const members = () =>
    new Map(
      Object.entries(existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as object) : {}),
    )
  const write = (all: Map<string, unknown>) =>
    writeFileSync(file, JSON.stringify(Object.fromEntries(all)))
  return {
    destination: at(dir),
    name: (word) => word,
    put: (name, text) => write(members().set(name, text)),
    remove: (name) => {
      const all = members()
      all.delete(name)
      write(all)
    },
    value: (name) => members().get(name) as string | undefined,
  }
})

test('foreign members stay byte for byte, and what is ours is written as they are', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.json')
  const foreign =
    '{\n\t"id": 12345678901234567890,\n\t"b": [1.0, null],\n\t"a": {"x": "y: \\"z"}\n}\n'
  writeFileSync(file, foreign)
  const context = deliveryContext('shop/test')
  const change = { kind: 'put', name: 'KEY', secret: textSecret('k', 'v'), path: 'p' } as const
  expect(await at(dir).apply(context, [{ ...change, expected: 'absent' }])).toEqual([
    { done: true },
  ])
  const now = readFileSync(file, 'utf8')
  const marks = '\t"//coffer": {\n\t\t"KEY": "shop/test"\n\t}\n'
  expect(now).toBe(`${foreign.slice(0, -3)},\n\t"KEY": "v",\n${marks}}\n`)
})

test('names that are numbers stay where they stand', async () => {
  const dir = folder()
  const file = path.join(dir, 'out.json')
  writeFileSync(file, '{"b": 1, "10": 2, "9": 3, "a": 4}')
  const context = deliveryContext('shop/test')
  const change = { kind: 'put', name: '5', secret: textSecret('k', 'v'), path: 'p' } as const
  expect(await at(dir).apply(context, [{ ...change, expected: 'absent' }])).toEqual([
    { done: true },
  ])
  expect(readFileSync(file, 'utf8')).toBe(
    '{"b": 1, "10": 2, "9": 3, "a": 4, "5": "v", "//coffer": {"5":"shop/test"}}',
  )
})

const space = fc.stringMatching(/^[ \t\n]{0,3}$/)
const written = fc
  .array(fc.record({ key: fc.string(), value: fc.jsonValue(), spaces: fc.array(space) }))
  .map((members) => {
    const once = new Map(members.map((member) => [member.key, member]))
    once.delete('KEY')
    return [...once.values()].map(({ key, value, spaces: [a = '', b = '', c = '', d = ''] }) => {
      return [a, `${JSON.stringify(key)}${b}:${c}${JSON.stringify(value)}`, d]
    })
  })

test('what is put and taken away again leaves the file as it was, whatever is in it', async () => {
  await fc.assert(
    fc.asyncProperty(written, fc.string(), async (members, value) => {
      if (members.length === 0) return
      const before = `{${members.map((parts) => parts.join('')).join(',')}}`
      const edited = editJson(before)
      edited.put('KEY', value, 'shop/test')
      const between = edited.text() ?? ''
      const all = JSON.parse(between) as Record<string, unknown>
      expect([all['KEY'], all[MARKS]]).toEqual([value, { KEY: 'shop/test' }])
      for (const [, text = ''] of members) expect(between).toContain(text)
      const again = editJson(between)
      again.put('KEY', 'other', 'shop/test')
      const changed = editJson(again.text())
      expect(changed.entries.get('KEY')).toMatchObject({ text: 'other', owner: 'shop/test' })
      changed.remove('KEY')
      expect(changed.text()).toBe(before)
    }),
    { seed: 5, numRuns: 500 },
  )
})

test.each([
  '{"A":1,"A":2}',
  '{"A":1,"\\u0041":2}',
  '[]',
  '{',
  '"text"',
  '{"//coffer": 1}',
  '{"//coffer": {"A": 1}}',
])('%s is not touched', async (text) => {
  const dir = folder()
  const file = path.join(dir, 'out.json')
  writeFileSync(file, text)
  await expect(at(dir).list(deliveryContext('shop/test'), [])).rejects.toMatchObject({
    code: 'corrupt',
  })
  expect(readFileSync(file, 'utf8')).toBe(text)
})
