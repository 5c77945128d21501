import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { assert, asyncProperty, json } from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { LIMITS } from '../../core/limits.ts'
import { Secret } from '../../core/secret.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError, loadDocument, memoryProvider, secret } from '../index.ts'
import type { DocumentOptions, DocumentShape } from '../index.ts'

let home: string
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-document-'))))
afterAll(() => rm(home, { recursive: true }))

const memory = memoryProvider({
  'shop/dev/api/db-url': 'postgres://db',
  'shared/blob': '{"a":{"b":"aGk="}}',
})
const defaults = {
  providers: { coffer: memory },
  prefix: 'shop/dev/api',
  processEnv: { CI: 'tok' },
}
const file = async (text: string, name = 'app.yaml') => {
  const at = path.join(home, name)
  await writeFile(at, text)
  return at
}
const load = async <T = unknown>(
  text: string,
  shape?: DocumentShape,
  options: DocumentOptions = {},
): Promise<T> => {
  const at = await file(text)
  return (await loadDocument(at, shape as DocumentShape, { ...defaults, ...options })) as T
}
const problems = async (text: string, shape?: DocumentShape, options?: DocumentOptions) => {
  const error = await refusalOf(() => load(text, shape, options))
  if (!(error instanceof ConfigError)) throw error
  return error.problems.map(({ position, field, code }) => `${position} ${field} ${code}`)
}

test('references are resolved wherever they stand, and literals pass through', async () => {
  const doc = await load<{ db: Record<string, Secret>; list: Secret[] }>(`
name: shop
db:
  url: { secretRef: db-url }
  token: { secretRef: "env:CI", optional: true }
  blob:
    secretRef: { path: shared/blob, field: a.b, encoding: base64 }
  gone: { secretRef: nowhere, optional: true }
list:
  - secretRef: { provider: env, path: CI }
`)
  expect(JSON.parse(JSON.stringify(doc))).toEqual({
    name: 'shop',
    db: {
      url: '[secret shop/dev/api/db-url]',
      token: '[secret env:CI]',
      blob: '[secret shared/blob .a.b]',
    },
    list: ['[secret env:CI]'],
  })
  expect(doc.db['url']?.reveal()).toBe('postgres://db')
  expect(doc.db['blob']?.reveal()).toBe('hi')
  expect(doc.list[0]?.reveal()).toBe('tok')
  for (const part of [doc, doc.db, doc.list]) expect(Object.isFrozen(part)).toBe(true)
})

test('JSON, a file URL and an object are read like YAML', async () => {
  const source = { db: { secretRef: 'db-url' }, n: [1, null, 'x'] }
  const at = await file(JSON.stringify(source, undefined, '\t'), 'app.json')
  for (const from of [at, pathToFileURL(at), source]) {
    const doc = (await loadDocument(from, undefined, defaults)) as { db: Secret; n: unknown }
    expect(doc.db.reveal()).toBe('postgres://db')
    expect(doc.n).toEqual([1, null, 'x'])
  }
})

test('JSON means what the engine says it means', async () => {
  await assert(
    asyncProperty(json({ maxDepth: 5 }), async (text) => {
      if (text.includes('__proto__')) return
      const value: unknown = JSON.parse(text)
      const unsafe = JSON.stringify(value, (_, v: unknown) =>
        Number.isInteger(v) && !Number.isSafeInteger(v) ? 'unsafe' : v,
      )
      if (unsafe.includes('"unsafe"')) return
      const doc = await loadDocument(await file(text, 'random.json'), undefined, defaults)
      expect(JSON.stringify(doc)).toBe(JSON.stringify(value))
    }),
    { numRuns: 100, seed: 20261122 },
  )
})

const SHAPE = {
  port: z.number().default(3000),
  db: { url: secret(z.url()), ca: secret().optional() },
  peers: [{ host: z.string(), key: secret() }],
}

test('a shape validates the rest, and fills what is missing where it may', async () => {
  const doc = await loadDocument(
    await file(
      'db: { url: { secretRef: db-url } }\npeers: [{ host: a, key: { secretRef: "env:CI" } }]',
    ),
    SHAPE,
    defaults,
  )
  expect(doc.port).toBe(3000)
  expect(doc.db.url.reveal()).toBe('postgres://db')
  expect(doc.db.ca).toBeUndefined()
  expect(doc.peers[0]?.key.reveal()).toBe('tok')
})

test('everything wrong is told at once, with line and column, and quoted nowhere', async () => {
  const text = `port: canary
prot: 1
db:
  url: canary-inline
  ca: { secretRef: nowhere }
peers:
  - host: { secretRef: db-url }
    key: { secretRef: db-url, labell: x }
  - canary
`
  expect(await problems(text, SHAPE)).toEqual([
    'app.yaml:2:7 prot invalid_config',
    'app.yaml:1:7 port invalid_value',
    'app.yaml:4:8 db.url inline_secret',
    'app.yaml:7:11 peers.0.host invalid_config',
    'app.yaml:8:10 peers.0.key invalid_config',
    'app.yaml:9:5 peers.1 invalid_config',
  ])
  const error = await refusalOf(() => load(text, SHAPE))
  expect(error.message + JSON.stringify(error)).not.toContain('canary')
})

test('an inline secret is refused unless allowed, and is then a Secret', async () => {
  const text = 'db: { url: "https://canary" }\npeers: []'
  expect(await problems(text, SHAPE)).toEqual(['app.yaml:1:12 db.url inline_secret'])
  const doc = await loadDocument(await file(text), SHAPE, { ...defaults, allowInlineSecrets: true })
  expect(doc.db.url).toBeInstanceOf(Secret)
  expect(`${doc.db.url} ${JSON.stringify(doc)}`).not.toContain('canary')
  expect(doc.db.url.reveal()).toBe('https://canary')
  expect(
    await problems('db: { url: canary }\npeers: []', SHAPE, { allowInlineSecrets: true }),
  ).toEqual(['app.yaml:1:12 db.url invalid_value'])
})

test('the shape of a list holds exactly one shape', async () => {
  expect((await refusalOf(() => load('a: [1]', { a: [] }))).code).toBe('invalid_config')
})

test('a secret that is missing or empty is told, unless optional', async () => {
  expect(await problems('db: { ca: }\npeers: []', SHAPE)).toEqual(['app.yaml:1:5 db.url not_found'])
  expect(await problems('peers: []', SHAPE)).toEqual(['app.yaml:1:1 db.url not_found'])
})

test('a reference inside what a plain schema covers is refused, not validated as text', async () => {
  const shape = { db: z.looseObject({}) }
  expect(await problems('db:\n  deep: [{ secretRef: db-url }]', shape)).toEqual([
    'app.yaml:2:10 db invalid_config',
  ])
})

test.each([
  ['a: 1\nb: 2\na: 3', 'app.yaml:3:1'],
  ['{ "a": 1, "a": 2 }', 'app.yaml:1:11'],
  ['__proto__: { polluted: 1 }', 'app.yaml:1:1'],
  ['a: *nowhere', 'app.yaml:1:4'],
  ['a: !!js/function canary', 'app.yaml:1:4'],
  ['a: !!binary Y2FuYXJ5', 'app.yaml:1:13'],
  ['a: "\\q"', 'app.yaml:1:5'],
  ['a: 1\n---\nb: 2', 'app.yaml:2:1'],
  ['<<: { a: 1 }', 'app.yaml:1:1'],
  ['? [a]\n: 1', 'app.yaml:1:3'],
  ['a: 12345678901234567890', 'app.yaml:1:4'],
])('%j is refused at its place', async (text, position) => {
  expect(await problems(text)).toEqual([`${position}  invalid_config`])
})

test.each(['{"a": canary}', '{"a": 1,}', '// c\n{}', "{'a': 1}", ''])(
  'as JSON %j is refused without a quotation',
  async (text) => {
    const at = await file(text, 'bad.json')
    const error = await refusalOf(() => loadDocument(at, undefined, defaults))
    expect(error).toMatchObject({ problems: [{ code: 'invalid_config' }] })
    expect(error.message).not.toContain('canary')
  },
)

test('aliases stand for what they name, and do not multiply without end', async () => {
  expect(await load('a: &x { k: v }\nb: *x')).toMatchObject({ b: { k: 'v' } })
  const bomb = Array.from(
    { length: 9 },
    (_, i) =>
      `a${i}: &a${i} [${Array(10)
        .fill(i === 0 ? 'x' : `*a${i - 1}`)
        .join(', ')}]`,
  )
  expect(await problems(bomb.join('\n'))).toEqual([expect.stringMatching(/too_large$/)])
  expect(await problems('a: &a [*a]')).toEqual([expect.stringMatching(/too_large$/)])
})

test('an alias stands for the last part before it that has its anchor', async () => {
  const text = 'a: &x { in: &y 1 }\nb: *y\nc: &y 2\nd: *x\ne: *y\n? &k key\n: *k\nf: &x 3\ng: *x'
  expect(await load(text)).toMatchObject({ b: 1, d: { in: 1 }, e: 2, key: 'key', g: 3 })
  expect(await problems('a: *x\nb: &x 1')).toEqual([expect.stringMatching(/invalid_config$/)])
})

test('many aliases take linear time', async () => {
  const started = performance.now()
  await load(`a: &x 1\nb:\n${'  - *x\n'.repeat(40_000)}`)
  expect(performance.now() - started).toBeLessThan(15_000)
})

test('a document is at most 32 levels deep', async () => {
  const nest = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  await load(`a: ${nest(LIMITS.documentDepthMax)}`)
  expect(await problems(`a: ${nest(LIMITS.documentDepthMax + 1)}`)).toEqual([
    expect.stringMatching(/too_large$/),
  ])
  expect(await problems(`a: ${'['.repeat(1_000_000)}`)).toEqual([
    expect.stringMatching(/too_large$/),
  ])
})

test('a document has at most 4 MiB', async () => {
  const at = await file(`a: 1\n#${'-'.repeat(LIMITS.documentBytesMax - 6)}`, 'large.yaml')
  expect(await loadDocument(at, undefined, defaults)).toEqual({ a: 1 })
  await truncate(at, LIMITS.documentBytesMax + 1)
  expect((await refusalOf(() => loadDocument(at))).code).toBe('too_large')
})

test('many keys take linear time', async () => {
  const lines = Array.from({ length: 20_000 }, (_, i) => `key${i}: value`)
  const started = performance.now()
  await load(lines.join('\n'))
  expect(performance.now() - started).toBeLessThan(3_000)
})

test('a file that is not there, is no file, or is of another kind', async () => {
  const code = async (at: string) => (await refusalOf(() => loadDocument(at))).code
  expect(await code(path.join(home, 'none.yaml'))).toBe('not_found')
  expect(await code(path.join(home, 'none.toml'))).toBe('invalid_argument')
  expect(await code('/dev/null.yaml')).toBe('not_found')
  await writeFile(path.join(home, 'latin1.yaml'), Buffer.from('a: caf\xe9', 'latin1'))
  expect(await code(path.join(home, 'latin1.yaml'))).toBe('invalid_config')
})
