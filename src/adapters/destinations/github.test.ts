import { randomBytes } from 'node:crypto'
import sodium from 'libsodium-wrappers'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { textSecret } from '../../core/secret.ts'
import type { ApplyAnswer, DestinationChange } from '../../core/ports/destination.ts'
import { LIMITS } from '../../core/limits.ts'
import { checkDestination } from '../../core/delivery.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { github } from './github.ts'
import { sealBox } from './github/sealed-box.ts'
import { TOKEN, testGitHub } from './github/test-github.ts'
import type { TestGitHub } from './github/test-github.ts'
import { testProxy } from './test-proxy.ts'

// Nobody waits here before trying again.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const SHOP = { repository: 'acme/shop' }
const REPO = '/repos/acme/shop/actions/secrets'
const at = (options: Record<string, unknown>, url?: string, env: Record<string, string> = {}) =>
  github({
    env: { GITHUB_TOKEN: TOKEN, ...(url === undefined ? {} : { GITHUB_API_URL: url }), ...env },
    options,
    dir: '/nowhere',
    environment: 'prod',
  })
const context = deliveryContext('shop/prod')
const put = (name: string, text = `v-${name}`): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(`shop/prod/api/${name}`, text, 3),
  path: 'shop/prod/api/x',
  expected: 'absent',
})
const outcome = (answer: ApplyAnswer): string =>
  answer.done ? 'done' : `${(answer.error as { code: string }).code}${answer.unknown ? '?' : ''}`

beforeAll(() => sodium.ready)

for (const [options, path] of [
  [SHOP, REPO],
  [{ ...SHOP, environment: 'Production' }, '/repos/acme/shop/environments/production/secrets'],
  [{ organization: 'acme' }, '/orgs/acme/actions/secrets'],
] as const) {
  describe(`in ${path}`, () => {
    destinationContract('github', async () => {
      const host = await testGitHub()
      const secrets = host.places.get(path)
      if (secrets === undefined) throw new Error(path)
      let clock = Date.UTC(2027, 0, 1)
      return {
        destination: at(options, host.url),
        name: (word) => word.toUpperCase(),
        put(name, value) {
          const updatedAt = new Date((clock += 1_000)).toISOString()
          secrets.set(name, { value, createdAt: updatedAt, updatedAt })
        },
        remove: (name) => void secrets.delete(name),
        value: (name) => secrets.get(name)?.value,
        fail: (fault) => host.fail(fault),
        close: async () => host[Symbol.asyncDispose](),
      }
    })
  })
}

test('what is made is dated by its own clock, and without that nothing is said of the time', async () => {
  await using host = await testGitHub()
  const now = (await at(SHOP, host.url).now?.(context)) ?? 0
  expect([now % 1_000, new Date(now).getUTCFullYear()]).toEqual([0, 2026])
  const silent = await testProxy(host.url)
  silent.before = (_, response) => {
    response.sendDate = false
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"secrets":[]}')
    return true
  }
  expect(await at(SHOP, silent.url).now?.(context)).toBeUndefined()
  await silent.close()
})

describe('a sealed box', () => {
  test.each([0, 1, 31, 32, 33, 48, 64, 65, 1_000, 49_152])(
    'of %d bytes is opened by libsodium',
    (n) => {
      const { publicKey, privateKey } = sodium.crypto_box_keypair()
      const message = randomBytes(n)
      const box = sealBox(message, publicKey, new Uint8Array(randomBytes(32)))
      expect(box).toHaveLength(n + sodium.crypto_box_SEALBYTES)
      expect(Buffer.from(sodium.crypto_box_seal_open(box, publicKey, privateKey))).toEqual(message)
      box[n + 40] = (box[n + 40] ?? 0) ^ 1
      expect(() => sodium.crypto_box_seal_open(box, publicKey, privateKey)).toThrow(
        'incorrect key pair',
      )
    },
  )

  test('has a key of its own, which is gone afterwards', () => {
    const { publicKey } = sodium.crypto_box_keypair()
    const ephemeral = new Uint8Array(randomBytes(32))
    const [one, other] = [ephemeral.slice(), ephemeral.slice()]
    const box = sealBox(Buffer.from('x'), publicKey, one)
    expect(one).toEqual(new Uint8Array(32))
    expect(Buffer.from(sealBox(Buffer.from('x'), publicKey, other))).toEqual(Buffer.from(box))
    expect(() => sealBox(Buffer.from('x'), new Uint8Array(32), ephemeral)).toThrow('key')
  })
})

describe('options', () => {
  test.each([
    [SHOP, 'github:acme/shop'],
    [{ repository: 'Acme/Shop.js' }, 'github:acme/shop.js'],
    [{ ...SHOP, environment: 'Production EU' }, 'github:acme/shop/production eu'],
    [{ organization: 'Acme' }, 'github:acme'],
  ])('%j is %s', (options, id) => {
    expect(at(options).id).toBe(id)
    expect(checkDestination(id)).toBe(id)
  })

  test('another host is part of the id, and no option', () => {
    expect(at(SHOP, 'https://ghe.example/api/v3').id).toBe('github:ghe.example/acme/shop')
    expect(at(SHOP, 'https://api.github.com').id).toBe('github:acme/shop')
    expect(refusal(() => at({ ...SHOP, url: 'https://evil.example' })).message).toContain('url')
  })

  test.each([
    {},
    { repository: 'shop' },
    { repository: 'acme/shop/x' },
    { repository: 'acme/..' },
    { repository: 'acme/sh op' },
    { repository: '-acme/shop' },
    { organization: 'acme', repository: 'acme/shop' },
    { organization: 'acme', environment: 'production' },
    { organization: 'acme', visibility: 'some' },
    { organization: 'acme', visibility: 'selected' },
    { organization: 'acme', visibility: 'all', repositories: ['shop'] },
    { organization: 'acme', repositories: ['acme/shop'] },
    { ...SHOP, visibility: 'all' },
  ])('%j is refused', (options) => {
    expect(refusal(() => at(options)).code).toBe('invalid_argument')
  })

  test('a token is GITHUB_TOKEN or GH_TOKEN, and which place it is is known without', async () => {
    await using host = await testGitHub()
    const other = at(SHOP, host.url, { GITHUB_TOKEN: '', GH_TOKEN: TOKEN })
    expect(await other.list(context, [])).toEqual([])
    const without = at(SHOP, undefined, { GITHUB_TOKEN: '' })
    expect(without.id).toBe(at(SHOP).id)
    const none = await refusalOf(() => without.list(context, []))
    expect([none.code, none.remedy]).toEqual([
      'unauthenticated',
      'Put it into GITHUB_TOKEN or GH_TOKEN.',
    ])
  })
})

test('who sees the secrets of an organization is part of what a policy allows', () => {
  const audience = (more: object) => at({ organization: 'Acme', ...more }).audience
  expect(audience({})).toBeUndefined()
  expect(audience({ visibility: 'all' })).toBe('github:acme/visibility=all')
  expect(audience({ repositories: ['Web', 'api', 'web'] })).toBe('github:acme/selected=api,web')
})

test('an organization says which of its repositories may use a secret', async () => {
  await using host = await testGitHub()
  const stored = () => host.places.get('/orgs/acme/actions/secrets')
  const some = at({ organization: 'acme', repositories: ['shop', 'web'] }, host.url)
  expect(await some.apply(context, [put('ONE')])).toMatchObject([{ done: true }])
  expect(stored()?.get('ONE')).toMatchObject({ visibility: 'selected', repositories: [11, 12] })
  await at({ organization: 'acme' }, host.url).apply(context, [put('TWO')])
  expect(stored()?.get('TWO')).toMatchObject({ visibility: 'private' })
  const gone = at({ organization: 'acme', repositories: ['nosuch'] }, host.url)
  const [answer] = await gone.apply(context, [put('THREE')])
  expect(answer && outcome(answer)).toBe('not_found')
  expect(stored()?.size).toBe(2)
})

test.each(['', 'AAAA', Buffer.alloc(32).toString('base64')])(
  'nothing is encrypted for the key %j, and nothing sent',
  async (key) => {
    await using host = await testGitHub(key)
    const [answer] = await at(SHOP, host.url).apply(context, [put('A')])
    expect(answer && outcome(answer)).toBe('corrupt')
    expect(host.seen.map(({ method }) => method)).not.toContain('PUT')
  },
)

test('all pages are listed', async () => {
  await using host = await testGitHub()
  const secrets = host.places.get('/orgs/acme/actions/secrets')
  const fact = { value: 'x', createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-02T00:00:00Z' }
  for (let i = 0; i < 250; i++) secrets?.set(`S${i}`, fact)
  const listed = await at({ organization: 'acme' }, host.url).list(context, [])
  expect(listed).toHaveLength(250)
  expect(listed[7]).toEqual({
    name: 'S7',
    revision: fact.updatedAt,
    createdAt: Date.parse(fact.createdAt),
    updatedAt: Date.parse(fact.updatedAt),
  })
  for (let i = 250; i < LIMITS.restPagesMax * 100; i++) secrets?.set(`S${i}`, fact)
  const error = await refusalOf(() => at({ organization: 'acme' }, host.url).list(context, []))
  expect(error.code).toBe('corrupt')
}, 20_000)

test('a place that is not there is told, with what may be missing', async () => {
  await using host = await testGitHub()
  const nowhere = at({ ...SHOP, environment: 'nosuch' }, host.url)
  const error = await refusalOf(() => nowhere.list(context, []))
  expect([error.code, error.remedy]).toEqual(['not_found', expect.stringContaining('Environments')])
})

test('a secondary limit without a header is one, and asks for a minute', async () => {
  await using host = await testGitHub()
  const limit = { message: 'You have exceeded a secondary rate limit.' }
  const service = at(SHOP, host.url)
  host.places.get(REPO)?.set('X', { value: '', createdAt: '', updatedAt: '' })
  const { testHost } = await import('./test-host.ts')
  const refuse = { status: 403, body: limit, headers: { 'x-ratelimit-remaining': '4000' } }
  await using limited = await testHost(() => refuse, { denied: refuse, throttled: refuse })
  const error = await refusalOf(() => at(SHOP, limited.url).list(context, []))
  expect([error.code, error.details['retryAfterMs']]).toEqual(['throttled', 60_000])
  expect(await service.list(context, [])).toHaveLength(1)
})

test('once it asks to wait, it is asked for none of the other changes', async () => {
  await using host = await testGitHub()
  host.fail('throttled', 'PUT')
  const names = Array.from({ length: 40 }, (_, i) => `N_${i}`)
  const answers = await at(SHOP, host.url).apply(
    context,
    names.map((name) => put(name)),
  )
  expect(new Set(answers.map(outcome))).toEqual(new Set(['throttled']))
  const puts = host.seen.filter(({ method }) => method === 'PUT')
  expect(puts.length).toBeLessThanOrEqual(2 * (LIMITS.restRetriesMax + 1))
})

describe('with a fault at every call', () => {
  const names = ['A', 'B', 'C']
  test.each(['denied', 'throttled', 'unavailable', 'no answer'] as const)('%s', async (fault) => {
    for (let call = 0, reached = true; reached; call++) {
      expect(call).toBeLessThan(20)
      await using host = await testGitHub()
      seed(host)
      const place = at(SHOP, host.url)
      const [old] = await place.list(context, [])
      if (old === undefined) throw new Error('nothing was seeded')
      const calls = host.seen.length
      host.failAt(fault, call)
      const changes = [
        ...names.map((name) => put(name)),
        { kind: 'remove', name: 'OLD', expected: old } as const,
      ]
      const answers = await place.apply(context, changes)
      reached = host.seen.length - calls > call
      const there = host.places.get(REPO)
      expect(there?.get('THEIRS')?.value).toBe('not ours')
      for (const [i, name] of names.entries()) {
        const answer = answers[i]
        if (answer?.done === true) expect(there?.get(name)?.value).toBe(`v-${name}`)
        else if (answer?.unknown !== true) expect(there?.has(name)).toBe(false)
      }
      expect(answers[3]?.done).toBe(!there?.has('OLD'))
      // What stopped halfway is finished by the next one, made of what is there then.
      host.fail(undefined)
      const now = await place.list(context, [])
      const missing = names.filter((name) => !now.some((entry) => entry.name === name))
      const rest = await place.apply(
        context,
        missing.map((name) => put(name)),
      )
      expect(rest.map(outcome)).toEqual(missing.map(() => 'done'))
    }
  })

  const seed = (host: TestGitHub): void => {
    const fact = { createdAt: '2025-01-01T00:00:00Z', updatedAt: '2025-01-01T00:00:00Z' }
    host.places.get(REPO)?.set('OLD', { value: 'ours', ...fact })
    host.places.get(REPO)?.set('THEIRS', { value: 'not ours', ...fact })
  }
})
