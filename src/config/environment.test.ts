import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Provider } from '../core/ports/provider.ts'
import { textSecret } from '../core/secret.ts'
import { refusalOf } from '../testing/refusal.ts'
import { variableName } from './env-name.ts'
import { ConfigError, defineConfig, env, secretRef } from './index.ts'

const provider = (names: Record<string, string> = {}): Provider => ({
  kind: 'coffer',
  batchMax: 100,
  resolve: async (refs) =>
    refs.map(({ key, version }) => ({
      value: key.includes('gone')
        ? undefined
        : { secret: textSecret(key, `{"of":"${key} ${version ?? ''}"}`), envName: names[key] },
    })),
})
const resolve = async (shape: object, names?: Record<string, string>) => {
  const providers = { coffer: provider(names) }
  const found = await defineConfig(shape).resolveEnvironment({ providers, processEnv: {} })
  return Object.fromEntries([...found].map(([name, secret]) => [name, secret.reveal()]))
}

test.each([
  [['db', 'url'], 'DB_URL'],
  [['dbReplica', 'readOnlyUrl'], 'DB_REPLICA_READ_ONLY_URL'],
  [['a/b-c'], 'A_B_C'],
  [['s3', 'key2'], 'S3_KEY2'],
  [['list', '0'], 'LIST_0'],
  [['0'], '_0'],
  [['API_KEY'], 'API_KEY'],
  [['é'], '_'],
])('%j is the variable %s', (path, name) => {
  expect(variableName(path)).toBe(name)
})

test('the name asked for wins over the recorded one, and that over the place', async () => {
  const shape = {
    asked: secretRef({ path: 'a', envName: 'MINE' }),
    recorded: secretRef('b'),
    place: secretRef('c'),
    plain: 'x',
    gone: secretRef('gone').optional(),
    port: env('PORT'),
  }
  expect(await resolve(shape, { a: 'A_RECORDED', b: 'B_RECORDED' })).toEqual({
    MINE: '{"of":"a "}',
    B_RECORDED: '{"of":"b "}',
    PLACE: '{"of":"c "}',
  })
})

test('an older version or a part of a secret does not inherit the recorded name', async () => {
  const shape = {
    now: secretRef('a'),
    before: secretRef({ path: 'a', version: 1 }),
    part: secretRef({ path: 'a', field: 'of' }),
  }
  expect(Object.keys(await resolve(shape, { a: 'A' }))).toEqual(['A', 'BEFORE', 'PART'])
})

test('a child gets the text that is stored, once its schema accepts it', async () => {
  expect(await resolve({ a: secretRef('a', z.object({ of: z.string() })) })).toEqual({
    A: '{"of":"a "}',
  })
  const error = await refusalOf(() => resolve({ a: secretRef('a', z.url()) }))
  expect(error).toMatchObject({ problems: [{ code: 'invalid_value' }] })
})

test('two places with one name collide, unless they are the same reference', async () => {
  expect(Object.keys(await resolve([secretRef('a'), secretRef('a')], { a: 'A' }))).toEqual(['A'])
  const shape = { a: { b: secretRef('x') }, 'a-b': secretRef('y'), c: secretRef('gone') }
  const error = await refusalOf(() => resolve(shape))
  const problems = error instanceof ConfigError ? error.problems : []
  expect(problems.map(({ field, code }) => `${field} ${code}`)).toEqual([
    'c not_found',
    'a-b env_collision',
  ])
})
