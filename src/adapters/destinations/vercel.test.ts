import { inspect } from 'node:util'
import { describe, expect, test, vi } from 'vitest'
import { checkDestination } from '../../core/delivery.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  ApplyAnswer,
  DestinationChange,
  DestinationEntry,
} from '../../core/ports/destination.ts'
import { textSecret } from '../../core/secret.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { TOKEN, testVercel } from './vercel/test-vercel.ts'
import { testHost } from './test-host.ts'
import { vercel } from './vercel.ts'

// Nobody waits here before trying again.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const SHOP = { project: 'prj_1', team: 'team_1' }
const at = (
  options: Record<string, unknown>,
  url?: string,
  { environment = 'prod', env = {} }: { environment?: string; env?: Record<string, string> } = {},
) =>
  vercel({
    env: { VERCEL_TOKEN: TOKEN, ...(url === undefined ? {} : { VERCEL_API_URL: url }), ...env },
    options,
    dir: '/nowhere',
    environment,
  })
const context = deliveryContext('shop/prod')
const put = (
  name: string,
  expected: 'absent' | 'any' | DestinationEntry = 'absent',
  text = `v-${name}`,
): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(`shop/prod/api/${name}`, text, 3),
  path: 'shop/prod/api/stripe-key',
  version: 3,
  expected,
})
const outcome = (answer: ApplyAnswer | undefined): string =>
  answer === undefined
    ? 'no answer'
    : answer.done
      ? 'done'
      : `${(answer.error as { code: string }).code}${answer.unknown ? '?' : ''}`

const PLACES = [
  ['prod', { target: ['production'] }],
  ['development', { target: ['development'] }],
  ['staging', { customEnvironmentIds: ['env_9'] }],
] as const

for (const [environment, where] of PLACES) {
  describe(`in ${environment}`, () => {
    destinationContract('vercel', async () => {
      const host = await testVercel()
      const find = (name: string) =>
        host.variables.findIndex(({ key, gitBranch }) => key === name && gitBranch === undefined)
      const drop = (name: string) => {
        if (find(name) >= 0) host.variables.splice(find(name), 1)
      }
      return {
        destination: at(SHOP, host.url, { environment }),
        name: (word) => word.toUpperCase(),
        put(name, value) {
          drop(name)
          const scope =
            'target' in where
              ? { target: [...where.target] }
              : { target: [], customEnvironmentIds: ['env_9'] }
          host.add({ key: name, value, ...scope })
        },
        remove: drop,
        value: (name) => host.variables[find(name)]?.value,
        fail: (fault) => host.fail(fault),
        close: async () => host[Symbol.asyncDispose](),
      }
    })
  })
}

describe('options', () => {
  test.each([
    [SHOP, 'prod', 'vercel:prj_1/production'],
    [SHOP, 'production', 'vercel:prj_1/production'],
    [SHOP, 'preview', 'vercel:prj_1/preview'],
    [SHOP, 'dev', 'vercel:prj_1/development'],
    [SHOP, 'staging', 'vercel:prj_1/staging'],
    [SHOP, 'constructor', 'vercel:prj_1/constructor'],
    [{ ...SHOP, target: 'preview' }, 'prod', 'vercel:prj_1/preview'],
    [{ project: 'shop', team: 'acme' }, 'prod', 'vercel:acme/shop/production'],
    [{ project: 'shop' }, 'prod', 'vercel:shop/production'],
  ])('%j of %s is %s', (options, environment, id) => {
    expect(at(options, undefined, { environment }).id).toBe(id)
    expect(checkDestination(id)).toBe(id)
  })

  test('another address is part of the id, and no option', () => {
    expect(at(SHOP, 'https://other.example').id).toBe('vercel:other.example/prj_1/production')
    expect(refusal(() => at({ ...SHOP, url: 'https://evil.example' })).message).toContain('url')
  })

  test.each([
    {},
    { project: 'a/b' },
    { project: '..' },
    { ...SHOP, team: 'a/b' },
    { ...SHOP, target: 'Prod' },
    { ...SHOP, target: ['production'] },
    { ...SHOP, redeploy: 'https://api.vercel.com/v1/integrations/deploy/x/y' },
  ])('%j is refused', (options) => {
    expect(refusal(() => at(options)).code).toBe('invalid_argument')
  })

  test('which place it is is known without a token', () => {
    expect(at(SHOP, undefined, { env: {} }).id).toBe(at(SHOP).id)
  })

  test('a token is needed, and one that is refused is told from a place that is', async () => {
    const none = at(SHOP, undefined, { env: { VERCEL_TOKEN: '' } })
    expect((await refusalOf(() => none.list(context, []))).code).toBe('unauthenticated')
    await using host = await testVercel()
    const bad = at(SHOP, host.url, { env: { VERCEL_TOKEN: 'old' } })
    expect((await refusalOf(() => bad.list(context, []))).code).toBe('unauthenticated')
    const elsewhere = await refusalOf(() => at({ project: 'shop' }, host.url).list(context, []))
    expect([elsewhere.code, elsewhere.remedy]).toEqual([
      'not_found',
      expect.stringContaining('team'),
    ])
  })
})

describe('what is written', () => {
  test.each([
    ['prod', 'sensitive', { target: ['production'], customEnvironmentIds: [] }],
    ['preview', 'sensitive', { target: ['preview'], customEnvironmentIds: [] }],
    ['development', 'encrypted', { target: ['development'], customEnvironmentIds: [] }],
    ['staging', 'sensitive', { target: [], customEnvironmentIds: ['env_9'] }],
  ])('in %s is %s, and says whose it is', async (environment, type, where) => {
    await using host = await testVercel()
    const place = at({ project: 'shop', team: 'acme' }, host.url, { environment })
    expect((await place.apply(context, [put('KEY')])).map(outcome)).toEqual(['done'])
    expect(host.variables).toMatchObject([{ key: 'KEY', type, value: 'v-KEY', ...where }])
    expect(host.variables[0]?.comment).toBe(
      'Delivered by Coffer for shop/prod. From shop/prod/api/stripe-key v3; changes here are overwritten.',
    )
  })

  test('is made in one call, whatever the number', async () => {
    await using host = await testVercel()
    const names = Array.from({ length: 50 }, (_, i) => `N${i}`)
    const answers = await at(SHOP, host.url).apply(
      context,
      names.map((name) => put(name)),
    )
    expect(new Set(answers.map(outcome))).toEqual(new Set(['done']))
    expect(host.seen.map(({ method }) => method)).toEqual(['GET', 'POST'])
    expect(host.seen[1]?.query.get('upsert')).toBeNull()
  })

  test('one that is refused has no other refused', async () => {
    await using host = await testVercel()
    const answers = await at(SHOP, host.url).apply(context, [
      put('ONE'),
      put('BIG', 'absent', 'x'.repeat(65_537)),
      put('NUL', 'absent', 'a\0b'),
      put('TWO'),
    ])
    expect(answers.map(outcome)).toEqual(['done', 'invalid_value', 'invalid_value', 'done'])
    expect(host.variables.map(({ key }) => key)).toEqual(['ONE', 'TWO'])
  })
})

describe('what others have', () => {
  test('in several environments is foreign, and is never changed for one of them', async () => {
    await using host = await testVercel()
    const wide = host.add({ key: 'WIDE', value: 'theirs', target: ['production', 'preview'] })
    const before = { ...wide }
    const place = at(SHOP, host.url)
    const [entry] = await place.list(context, [])
    expect(entry).toMatchObject({ name: 'WIDE', owner: undefined })
    const answers = await place.apply(context, [put('WIDE')])
    expect(answers.map(outcome)).toEqual(['conflict'])
    for (const expected of [entry ?? 'any', 'any'] as const) {
      const [answer] = await place.apply(context, [put('WIDE', expected)])
      expect(outcome(answer)).toBe('conflict')
      expect((answer as { error: { remedy: string } }).error.remedy).toContain(
        'Take production from it',
      )
    }
    expect(wide).toEqual(before)
  })

  test('for one Git branch stands beside ours', async () => {
    await using host = await testVercel()
    const branch = host.add({ key: 'KEY', value: 'theirs', target: ['preview'], gitBranch: 'x' })
    const before = { ...branch }
    const place = at(SHOP, host.url, { environment: 'preview' })
    expect(await place.list(context, [])).toEqual([])
    expect((await place.apply(context, [put('KEY')])).map(outcome)).toEqual(['done'])
    const [ours] = await place.list(context, [])
    if (ours === undefined) throw new Error('it is not there')
    await place.apply(context, [{ kind: 'remove', name: 'KEY', expected: ours }])
    expect(host.variables).toEqual([before])
  })

  test('in other environments is not ours to see', async () => {
    await using host = await testVercel()
    host.add({ key: 'A', target: ['preview'] })
    host.add({ key: 'B', target: [], customEnvironmentIds: ['env_9'] })
    expect(await at(SHOP, host.url).list(context, [])).toEqual([])
  })

  test('what is ours and somebody gave to preview too is taken back to production', async () => {
    await using host = await testVercel()
    const place = at(SHOP, host.url)
    await place.apply(context, [put('KEY')])
    const [stored] = host.variables
    stored?.target.push('preview')
    const [entry] = await place.list(context, [])
    expect(entry?.owner).toBe('shop/prod')
    expect((await place.apply(context, [put('KEY', entry, 'new')])).map(outcome)).toEqual(['done'])
    expect(host.variables).toMatchObject([{ value: 'new', target: ['production'] }])
  })

  test('what is hidden is not taken for what is absent', async () => {
    await using host = await testVercel()
    host.hide(3)
    const error = await refusalOf(() => at(SHOP, host.url).list(context, []))
    expect([error.code, error.message]).toEqual(['denied', expect.stringContaining('hides 3')])
    expect(await at(SHOP, host.url, { environment: 'preview' }).list(context, [])).toEqual([])
  })
})

test('all pages are listed, and pages without end are no listing', async () => {
  const page = (key: string, next: unknown) => ({
    status: 200,
    body: { envs: [{ id: key, key, target: 'production' }], pagination: { count: 1, next } },
  })
  const none = { status: 500 }
  const refuse = { denied: none, throttled: none }
  await using two = await testHost(
    ({ query }) => (query.has('until') ? page('B', null) : page('A', 7)),
    refuse,
  )
  const listed = await at(SHOP, two.url).list(context, [])
  expect(listed.map(({ name }) => name)).toEqual(['A', 'B'])
  expect(two.seen[1]?.query.get('until')).toBe('7')
  await using endless = await testHost(() => page('A', 7), refuse)
  const error = await refusalOf(() => at(SHOP, endless.url).list(context, []))
  expect([error.code, endless.seen.length]).toEqual(['corrupt', LIMITS.restPagesMax])
  for (const document of [
    [],
    { envs: [{ target: 'production' }] },
    { envs: [], pagination: { next: {} } },
    'x',
    1,
  ]) {
    await using strange = await testHost(() => ({ status: 200, body: document }), refuse)
    expect((await refusalOf(() => at(SHOP, strange.url).list(context, []))).code).toBe('corrupt')
  }
})

test('an environment that the project does not have is told', async () => {
  await using host = await testVercel()
  const nowhere = at(SHOP, host.url, { environment: 'qa' })
  const error = await refusalOf(() => nowhere.list(context, []))
  expect([error.code, error.message]).toEqual([
    'not_found',
    expect.stringContaining('no environment qa'),
  ])
  expect((await nowhere.apply(context, [put('KEY')])).map(outcome)).toEqual(['not_found'])
})

describe('a deploy hook', () => {
  const hook = '/v1/integrations/deploy/prj_1/hook'
  test('is called when it was asked for, without the token', async () => {
    await using host = await testVercel()
    expect(at(SHOP, host.url).finish).toBeUndefined()
    const env = { HOOK: `${host.url}${hook}` }
    await at({ ...SHOP, redeploy: 'HOOK' }, host.url, { env }).finish?.(context)
    expect(host.seen).toMatchObject([{ method: 'POST', path: hook }])
    expect(host.seen[0]?.headers.authorization).toBeUndefined()
  })

  test('leads nowhere else, and is not repeated in a message', async () => {
    await using host = await testVercel()
    for (const HOOK of ['', 'https://evil.example/canary', `${host.url}.evil.example/canary`]) {
      const place = at({ ...SHOP, redeploy: 'HOOK' }, host.url, { env: { HOOK } })
      const error = await refusalOf(async () => place.finish?.(context))
      expect(error.code).toBe('invalid_config')
      expect(inspect(error)).not.toContain('canary')
    }
    expect(host.seen).toEqual([])
  })
})

test.each(['denied', 'throttled', 'unavailable', 'no answer'] as const)(
  '%s at any one call: what is told is true, nothing foreign is touched, and the rest can be done',
  async (fault) => {
    for (let call = 0, reached = true; reached; call++) {
      expect(call).toBeLessThan(20)
      await using host = await testVercel()
      const theirs = { ...host.add({ key: 'THEIRS', value: 'not ours' }) }
      const place = at(SHOP, host.url)
      await place.apply(context, [put('OLD'), put('CHANGED')])
      const [, old, changed] = await place.list(context, [])
      if (old === undefined || changed === undefined) throw new Error('it is not there')
      const calls = host.seen.length
      host.failAt(fault, call)
      const wanted = { A: 'v-A', B: 'v-B', CHANGED: 'new' }
      const answers = await place.apply(context, [
        put('A'),
        put('B'),
        put('CHANGED', changed, 'new'),
        { kind: 'remove', name: 'OLD', expected: old },
      ])
      reached = host.seen.length - calls > call
      const valueOf = (name: string) => host.variables.find(({ key }) => key === name)?.value
      for (const [i, [name, text]] of Object.entries(wanted).entries()) {
        const answer = answers[i]
        if (answer?.done === true) expect(valueOf(name)).toBe(text)
        else if (answer?.unknown !== true) expect(valueOf(name)).not.toBe(text)
      }
      if (answers[3]?.done === true) expect(valueOf('OLD')).toBeUndefined()
      host.fail(undefined)
      const now = await place.list(context, [])
      const rest = Object.entries(wanted).map(([name, text]) =>
        put(name, now.find((entry) => entry.name === name) ?? 'absent', text),
      )
      expect((await place.apply(context, rest)).map(outcome)).toEqual(['done', 'done', 'done'])
      expect(host.variables.find(({ key }) => key === 'THEIRS')).toEqual(theirs)
    }
  },
)
