import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import type { Secret } from '../../core/secret.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError, loadOverlays, memoryProvider, readManifest, secret } from '../index.ts'
import type { DocumentShape } from '../index.ts'
import { checkOverlays } from './check.ts'
import { readOverlays } from './read.ts'

let home: string
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-overlay-'))))
afterAll(() => rm(home, { recursive: true }))

const folderOf = async (files: Record<string, string>) => {
  const folder = path.join(await mkdtemp(path.join(home, 'x')), 'config')
  await mkdir(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
  return folder
}
const options = (env: string) => ({
  env,
  processEnv: {},
  prefix: 'shop/prod',
  providers: { coffer: memoryProvider({ 'shop/prod/api/key': 'k' }) },
})
const load = async (files: Record<string, string>, env = 'prod', shape?: DocumentShape) =>
  loadOverlays(await folderOf(files), shape as DocumentShape, options(env))
const problemsOf = async (...given: Parameters<typeof load>) => {
  const error = await refusalOf(() => load(...given))
  if (!(error instanceof ConfigError)) throw error
  return error.problems.map(({ position, field, code }) => `${position} ${field} ${code}`)
}

test("an environment's file stands over the default: objects merge, the rest is replaced", async () => {
  const found = (await load({
    'default.yaml': 'a: { b: 1, c: [1, 2] }\nd: { e: f }\ng: { secretRef: other }\nh: 1',
    'prod.json': '{"a":{"c":[3],"x":true},"d":"plain","g":{"secretRef":"api/key"},"h":null}',
    'preview.yaml': 'a: canary',
  })) as { g: Secret }
  expect(found).toMatchObject({ a: { b: 1, c: [3], x: true }, d: 'plain', h: null })
  expect(found.g.reveal()).toBe('k')
  expect(Object.isFrozen(found)).toBe(true)
})

test('an empty overlay changes nothing; the default may be absent', async () => {
  expect(await load({ 'default.yaml': 'a: 1', 'prod.yaml': '# as everywhere\n' })).toEqual({ a: 1 })
  expect(await load({ 'prod.yml': 'a: 2' })).toEqual({ a: 2 })
})

test('an environment without a file of its own is refused, naming those that have one', async () => {
  const files = { 'default.yaml': 'a: 1', 'staging.yaml': '', 'schema.yaml': 'type: object' }
  const error = await refusalOf(() => load(files))
  expect(error).toMatchObject({ code: 'not_found' })
  expect(error.message).toBe('There is no overlay config/prod.yaml; there are staging.')
  expect((await refusalOf(() => loadOverlays(home))).code).toBe('not_found')
  expect(await readOverlays(path.join(home, 'nowhere'), 'prod')).toBeUndefined()
})

test('two files of one name are refused', async () => {
  const error = await refusalOf(() => load({ 'prod.yaml': '', 'prod.json': '{}' }))
  expect(error.code).toBe('invalid_config')
})

const SCHEMA = `
type: object
additionalProperties: false
required: [http, stripe]
properties:
  http:
    type: object
    required: [port, host]
    properties:
      port: { type: integer, maximum: 65535 }
      host: { type: string, pattern: '^[a-z.]+$' }
      level: { enum: [info, debug] }
  stripe:
    type: object
    properties:
      key: { secret: true, description: The key }
      mode: { type: string }
`

test('a mistyped key is told with the one that is meant', async () => {
  const files = {
    'schema.yaml': SCHEMA,
    'default.yaml': 'http: { port: 1, host: a }\nstirpe: {}\n',
    'prod.yaml': '',
  }
  expect((await refusalOf(() => load(files))).message).toContain('Did you mean stripe?')
})

test('what does not fit the schema is told, in the file it came from', async () => {
  const files = {
    'schema.yaml': SCHEMA,
    'default.yaml': 'http:\n  port: 99999\n  level: loud\nstripe: { mode: { secretRef: x } }\n',
    'prod.yaml': 'stripe: { key: canary-inline }\nhttp:\n  level: warn\nstray: 1\n',
  }
  expect((await problemsOf(files)).toSorted(byText)).toEqual(
    [
      'config/default.yaml:4:17 stripe.mode invalid_config',
      'config/prod.yaml:3:3 http.host invalid_config',
      'config/default.yaml:2:9 http.port invalid_config',
      'config/prod.yaml:3:10 http.level invalid_config',
      'config/prod.yaml:1:16 stripe.key inline_secret',
      'config/prod.yaml:4:1 stray invalid_config',
    ].toSorted(byText),
  )
  const error = await refusalOf(() => load(files))
  expect(error.message + JSON.stringify(error)).not.toContain('canary')
  expect(error.message).toContain('It must be one of "info", "debug".')
  expect(error.message).toContain('"stray" is not known here. Known are http, stripe.')
  expect(error.message).toContain('"host" is missing.')
  expect(error.message).toContain('does not say "secret": true here')
})

test.each([
  ['{"type":"object","properties":{"key":{"secret":true}}}', true],
  [
    '{"$schema":"http://json-schema.org/draft-07/schema#","definitions":{"s":{"secret":true}},"properties":{"key":{"$ref":"#/definitions/s"}}}',
    true,
  ],
  ['{"$defs":{"s":{"secret":true}},"properties":{"key":{"$ref":"#/$defs/s"}}}', true],
  ['{"properties":{"key":{"type":"string","secret":true}}}', false],
  ['{"properties":{"key":{"secrt":true}}}', false],
  ['{"properties":{"key":{"$ref":"https://example.com/x"}}}', false],
  ['{"type":"objct"}', false],
  ['[]', false],
])('schema %s', async (schema, isGood) => {
  const files = { 'schema.json': schema, 'prod.yaml': 'key: { secretRef: api/key }' }
  if (isGood) expect(((await load(files)) as { key: Secret }).key.reveal()).toBe('k')
  else expect((await refusalOf(() => load(files))).message).toContain('config/schema.json')
})

test('a shape types what schema.json checks, and all problems are told together', async () => {
  const files = { 'schema.yaml': SCHEMA, 'prod.yaml': 'http: { port: x }\nstripe: { key: y }' }
  const shape = { http: { port: z.number() }, stripe: { key: secret() } }
  expect((await problemsOf(files, 'prod', shape)).toSorted(byText)).toEqual([
    'config/prod.yaml:1:15 http.port invalid_config',
    'config/prod.yaml:1:7 http.host invalid_config',
    'config/prod.yaml:2:16 stripe.key inline_secret',
  ])
})

test('without a schema nothing is checked; with one, checks need no secret', async () => {
  const read = async (files: Record<string, string>) => {
    const overlays = await readOverlays(await folderOf(files), 'prod')
    if (overlays === undefined) throw new Error('There are none.')
    return overlays
  }
  const plain = await read({ 'prod.yaml': 'key: { secretRef: nowhere }' })
  expect(plain.files).toEqual(['config/prod.yaml'])
  expect(await checkOverlays(plain)).toEqual([])
  const checked = await read({
    'prod.yaml': 'key: { secretRef: nowhere }',
    'schema.yaml': 'properties: { key: { secret: true } }',
  })
  expect(await checkOverlays(checked)).toEqual([])
})

test('references of overlays are the names of a manifest, where one is given', async () => {
  const folder = await folderOf({ 'prod.yaml': 'key: { secretRef: api/key }' })
  await writeFile(
    path.join(folder, '../coffer.yaml'),
    'project: shop\nenvironment: prod\nenvironments: [prod]\nsecrets: { api/key: }',
  )
  const manifest = await readManifest(path.dirname(folder))
  const { providers } = options('prod')
  const found = (await loadOverlays(folder, undefined, {
    manifest,
    providers,
    processEnv: {},
  })) as {
    key: Secret
  }
  expect(found.key.reveal()).toBe('k')
})

const byText = (a: string, b: string) => (a < b ? -1 : 1)
