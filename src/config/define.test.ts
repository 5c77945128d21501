import { inspect } from 'node:util'
import { type } from 'arktype'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Provider, ProviderRef } from '../core/ports/provider.ts'
import { Secret, textSecret } from '../core/secret.ts'
import { refusal, refusalOf } from '../testing/refusal.ts'
import { ConfigError, defineConfig, env, memoryProvider, secret, secretRef } from './index.ts'

const CANARY = 'canary-92ad77e1-not-to-be-printed'
const inMemory = (values: Record<string, string | Uint8Array | { [key: string]: never }>) => ({
  providers: { coffer: memoryProvider(values) },
  processEnv: {},
})
const problemsOf = async (run: () => Promise<unknown>) => {
  const error = await refusalOf(run)
  expect(error).toBeInstanceOf(ConfigError)
  return error instanceof ConfigError ? error.problems : []
}

test('the example of the manual loads', async () => {
  const config = defineConfig(
    {
      http: { port: env('PORT', z.coerce.number().default(3000)), host: 'localhost' },
      db: { url: secretRef('db-url', z.url()) },
      old: secretRef({ path: 'shop/dev/api/db-url', label: 'previous' }).optional(),
      token: secretRef('env:CI_TOKEN').optional(),
    },
    { prefix: ({ env: name }) => `shop/${name}/api` },
  )
  const labels = fake((ref) => (ref.label === undefined ? `postgres://${ref.key}` : undefined))
  const cfg = await config.load({ providers: { coffer: labels }, processEnv: { PORT: '80' } })
  expect(cfg.http).toEqual({ port: 80, host: 'localhost' })
  expect(cfg.db.url.reveal()).toBe('postgres://shop/dev/api/db-url')
  expect(cfg.old).toBeUndefined()
  expect(cfg.token).toBeUndefined()
})

test('zod, valibot, arktype and asynchronous schemas all decide what reveal returns', async () => {
  const config = defineConfig({
    zod: secretRef('n', z.coerce.number()),
    valibot: secretRef(
      'n',
      v.pipe(
        v.string(),
        v.transform((text) => ({ text })),
      ),
    ),
    arktype: secretRef('n', type('string.numeric.parse')),
    later: secretRef(
      'n',
      z.string().transform(async (text) => [text]),
    ),
    none: secretRef('n'),
  })
  const cfg = await config.load(inMemory({ n: '42' }))
  expect(Object.values(cfg).map((held) => held.reveal())).toEqual([
    42,
    { text: '42' },
    42,
    ['42'],
    '42',
  ])
})

test('what to do about an absence depends on where it was looked for', async () => {
  const config = defineConfig({ here: secretRef('gone'), there: secretRef('env:GONE') })
  const problems = await problemsOf(() => config.load({ ...inMemory({}), processEnv: {} }))
  expect(problems.map(({ remedy }) => remedy)).toEqual([
    'Check the spelling with `coffer list`.',
    'Put it where the provider "env" looks, or correct its name.',
  ])
})

test('every failure is told at once, and none of the values', async () => {
  const answers: Record<string, string | Error> = {
    weak: CANARY,
    forbidden: new CofferError('denied', 'You may not read it.'),
    foreign: new Error(`vendor says ${CANARY}`),
    good: CANARY,
  }
  const config = defineConfig({
    a: { gone: secretRef('gone'), weak: secretRef('weak', z.url()) },
    b: [secretRef('good'), secretRef('forbidden').optional(), secretRef('foreign').optional()],
    c: secretRef('nowhere:x').optional(),
    d: secretRef('../x'),
    e: env('MISSING'),
    f: env('PORT', z.coerce.number()),
  })
  const load = {
    providers: { coffer: fake((ref) => answers[ref.key]) },
    processEnv: { PORT: CANARY },
  }
  const problems = await problemsOf(() => config.load(load))
  expect(problems.map(({ field, code }) => `${field} ${code}`)).toEqual([
    'a.gone not_found',
    'a.weak invalid_value',
    'b.1 denied',
    'b.2 internal',
    'c unknown_provider',
    'd invalid_path',
    'e not_found',
    'f invalid_value',
  ])
  for (const { message, remedy } of problems) expect(message && remedy).not.toBe('')
  const error = await refusalOf(() => config.load(load))
  const printed = [error.message, error.stack, inspect(error, { depth: 9 }), JSON.stringify(error)]
  expect(printed.join('\n')).not.toContain('canary')
  const lines = error.message.split('\n')
  expect(lines[0]).toBe('8 problems in the configuration; nothing was started.')
  const columns = lines.slice(1, 9).map((line, i) => line.indexOf(problems[i]!.code))
  expect(new Set(columns).size).toBe(1)

  const report = await config.check(load)
  expect(report.ok).toBe(false)
  const good = report.fields.flatMap(({ ok, field }) => (ok ? [field] : []))
  expect(good).toEqual(['b.0'])
  expect(JSON.stringify(report)).not.toContain('canary')
})

test('nothing that is done with the result shows a value', async () => {
  const shape = { db: { url: secretRef('x'), list: [secretRef('x', z.array(z.string()))] } }
  const values = { x: `["${CANARY}"]` }
  const cfg = await defineConfig(shape).load(inMemory(values))
  const shown = [
    JSON.stringify(cfg),
    inspect(cfg, { depth: 9, showHidden: true }),
    `${cfg.db.url}`,
    inspect({ ...cfg.db }),
    inspect(structuredClone(cfg), { depth: 9, showHidden: true }),
    String(new Error(`failed with ${cfg.db.url}`)),
  ]
  expect(shown.join('\n')).not.toContain('canary')
  expect(shown[0]).toBe('{"db":{"url":"[secret x]","list":["[secret x]"]}}')
  expect(cfg.db.list[0]?.reveal()).toEqual([CANARY])
})

test('the result is frozen through and through, and has no field that was not declared', async () => {
  const config = defineConfig({ a: { b: [secretRef('x')], c: env('C', z.json()) } })
  const load = { ...inMemory({ x: 'x' }), processEnv: { C: 'x' } }
  const cfg = await config.load(load)
  for (const part of [cfg, cfg.a, cfg.a.b, cfg.a.b[0]]) expect(Object.isFrozen(part)).toBe(true)
  expect(() => Object.assign(cfg.a, { b: [] })).toThrow(TypeError)
  expect((cfg as Record<string, unknown>)['d']).toBeUndefined()
})

test('declared and not loaded, nothing of the shape is there', () => {
  const config = defineConfig({ db: secretRef('x') })
  expect('db' in config).toBe(false)
  expect(JSON.stringify(config)).toBe('{}')
})

test('a schema without a source, secret() and a configuration within one are refused', () => {
  for (const shape of [{ a: z.string() }, { a: type('string') }, { a: secret() }]) {
    expect(refusal(() => defineConfig(shape)).code).toBe('invalid_config')
  }
  expect(refusal(() => defineConfig({ a: defineConfig({}) })).code).toBe('invalid_config')
})

test('a shape is at most 32 levels deep, and so cannot hold itself', () => {
  const nest = (levels: number): object => (levels === 0 ? {} : { a: nest(levels - 1) })
  defineConfig(nest(LIMITS.documentDepthMax - 1))
  expect(refusal(() => defineConfig(nest(LIMITS.documentDepthMax))).code).toBe('invalid_config')
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  expect(refusal(() => defineConfig(circle)).code).toBe('invalid_config')
})

test('a shape has at most 10 000 places', () => {
  const most = Array.from({ length: LIMITS.configFieldsMax }, () => env('A'))
  defineConfig(most)
  expect(refusal(() => defineConfig([...most, env('A')])).code).toBe('invalid_config')
})

test('the environment is env, COFFER_ENV, NODE_ENV or dev, and no way out of the prefix', async () => {
  const config = defineConfig({ a: secretRef('x') }, { prefix: ({ env: name }) => `p/${name}` })
  const asked = async (options: object, processEnv: Record<string, string>) => {
    const seen: string[] = []
    const coffer = fake((ref) => (seen.push(ref.key), 'x'))
    await config.load({ ...options, providers: { coffer }, processEnv })
    return seen[0]
  }
  expect(await asked({}, {})).toBe('p/dev/x')
  expect(await asked({}, { NODE_ENV: 'test' })).toBe('p/test/x')
  expect(await asked({}, { NODE_ENV: 'test', COFFER_ENV: 'ci' })).toBe('p/ci/x')
  expect(await asked({ env: 'prod' }, { COFFER_ENV: 'ci' })).toBe('p/prod/x')
  for (const name of ['../prod', 'a/b', '', ' ', 'x'.repeat(65)]) {
    const [problem] = await problemsOf(() => config.load({ env: name, processEnv: {} }))
    expect(problem).toMatchObject({ code: 'invalid_config', field: '(configuration)' })
    expect((await config.check({ env: name })).ok).toBe(false)
  }
})

test('without a Coffer the problem says how to give one', async () => {
  const config = defineConfig({ a: secretRef('x') })
  const [problem] = await problemsOf(() => config.load({ processEnv: {} }))
  expect(problem).toMatchObject({
    code: 'unknown_provider',
    remedy: expect.stringContaining('load'),
  })
})

test('the providers of the registry are there by name, with their options', async () => {
  const config = defineConfig(
    { a: secretRef('env:A'), b: secretRef('here:reference.test.ts') },
    { providers: { here: { kind: 'file', dir: import.meta.dirname } } },
  )
  const cfg = await config.load({ processEnv: { A: 'x' } })
  expect(cfg.a.reveal()).toBe('x')
  expect(cfg.b.reveal()).toContain('parseReference')
})

test('references are listed without asking anybody', () => {
  const config = defineConfig(
    { a: secretRef('x').optional(), b: { c: secretRef('env:B') }, d: env('D'), e: secretRef('..') },
    { prefix: 'p' },
  )
  expect(config.references('dev')).toEqual([
    { field: 'a', provider: 'coffer', key: 'p/x', optional: true },
    { field: 'b.c', provider: 'env', key: 'B', optional: false },
  ])
})

test('an instance of a class passes through untouched', async () => {
  const date = new Date(0)
  const cfg = await defineConfig({ date, nothing: null }).load({ processEnv: {} })
  expect(cfg.date).toBe(date)
  expect(cfg.nothing).toBeNull()
})

test('a key called __proto__ stays a key', async () => {
  const shape = JSON.parse('{"__proto__":{"polluted":1}}') as object
  const cfg = await defineConfig({ shape }).load({ processEnv: {} })
  expect(Object.getPrototypeOf(cfg.shape)).toBe(Object.prototype)
  expect(Object.keys(cfg.shape)).toEqual(['__proto__'])
})

function fake(answer: (ref: ProviderRef) => string | Error | undefined): Provider {
  return {
    kind: 'fake',
    batchMax: 10,
    async resolve(refs) {
      return refs.map((ref) => {
        const found = answer(ref)
        if (found instanceof Error) return { error: found }
        return { value: found === undefined ? undefined : { secret: textSecret(ref.key, found) } }
      })
    },
  }
}

test('a secret is a Secret, whatever its schema yields', async () => {
  class Url {
    readonly text: string
    constructor(text: string) {
      this.text = text
    }
  }
  const cfg = await defineConfig({
    instance: secretRef(
      'x',
      z.string().transform((text) => new Url(text)),
    ),
    bytes: secretRef('b', z.instanceof(Uint8Array)),
  }).load(inMemory({ x: CANARY, b: Uint8Array.of(0xff, 0) }))
  expect(cfg.instance).toBeInstanceOf(Secret)
  expect(cfg.instance.reveal()).toEqual(new Url(CANARY))
  expect(inspect(cfg, { depth: 9, showHidden: true })).not.toContain('canary')
  expect(cfg.bytes.reveal()).toEqual(Uint8Array.of(0xff, 0))
})
