import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { textSecret } from '../../core/secret.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
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

test('foreign members keep their numbers, their order and their indent', async () => {
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
  expect(now).toContain('\t"id": 12345678901234567890,\n\t"b": [\n\t\t1.0,')
  expect(Object.keys(JSON.parse(now) as object)).toEqual(['id', 'b', 'a', 'KEY', '//coffer'])
})

test.each([
  '{"A":1,"A":2}',
  '{"A":{"b":1,"b":2}}',
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
