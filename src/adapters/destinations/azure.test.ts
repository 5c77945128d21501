import { beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { DestinationChange, DestinationEntry } from '../../core/ports/destination.ts'
import { Secret, textSecret } from '../../core/secret.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { refusal, testVault } from './azure/test-vault.ts'
import type { TestVault } from './azure/test-vault.ts'
import { faultsAtEveryCall } from './test-faults.ts'
import { azure } from './azure.ts'
import { azurePlace } from './azure/place.ts'

const FAULTS = {
  denied: refusal(403, 'Forbidden', 'ForbiddenByRbac'),
  throttled: refusal(429, 'Throttled'),
  unavailable: refusal(503, 'ServiceUnavailable'),
}

destinationContract('azure', () => {
  const vault = testVault()
  return {
    destination: azurePlace(vault),
    name: (word) => word,
    put: (name, text) => vault.set(name, text),
    remove: (name) => void vault.secrets.delete(name),
    value: (name) => vault.secrets.get(name)?.at(-1)?.value,
    fail(fault) {
      vault.loses = fault === 'no answer' ? (method) => method === 'PUT' : undefined
      const answer = fault === undefined || fault === 'no answer' ? undefined : FAULTS[fault]
      vault.before = () => answer
    },
  }
})

let vault: TestVault
beforeEach(() => void (vault = testVault()))

const context = deliveryContext('shop/prod')
const put = (
  name: string,
  text: string,
  expected: 'absent' | 'any' | DestinationEntry = 'absent',
): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(name, text),
  path: 'shop/prod/api/stripe-key',
  expected,
  about: { owner: 'payments@example.com', classification: 'restricted', rotateEveryDays: 90 },
})
const found = async (name: string) => {
  const entry = (await azurePlace(vault).list(context, [name])).find((one) => one.name === name)
  if (entry === undefined) throw new Error('it is not there')
  return entry
}
const tagsOf = (name: string) => vault.secrets.get(name)?.at(-1)?.tags

test('names that Key Vault does not tell apart write over nothing', async () => {
  vault.set('API-KEY', 'theirs')
  const place = azurePlace(vault)
  expect((await place.list(context, ['api-key'])).map(({ name }) => name)).toEqual(['api-key'])
  const answers = await place.apply(context, [put('one', 'a'), put('One', 'b'), put('two', 'c')])
  expect(answers.map(({ done }) => done)).toEqual([false, false, true])
  const says: unknown = expect.stringContaining('one from One')
  expect(answers[0]).toMatchObject({ error: { message: says } })
  expect([...vault.secrets.keys()]).toEqual(['API-KEY', 'two'])
})

test.each([
  [{ vault: 'shop-prod' }, 'azure:shop-prod.vault.azure.net'],
  [{ vault: 'https://shop.vault.azure.cn/' }, 'azure:shop.vault.azure.cn'],
])('%j is the place %s', async (options, id) => {
  expect((await azure({ env: {}, options, dir: '/', environment: 'prod' })).id).toBe(id)
})

test.each([
  {},
  { vault: 'evil.example/x' },
  { vault: 'a--b' },
  { vault: 'http://shop.vault.azure.net' },
  { vault: 'https://shop.vault.azure.net/secrets' },
  { vault: 'shop', tenant: 'x' },
  { vault: 'shop', anyChallenge: 'true' },
])('the options %j are refused', async (options) => {
  await expect(
    azure({ env: {}, options, dir: '/', environment: 'prod' }) as Promise<unknown>,
  ).rejects.toMatchObject({ code: 'invalid_argument' })
})

test('mark and value are one request; the tags of others and the content type stay', async () => {
  vault.set('key', 'theirs', { team: 'checkout', owner: 'nobody' })
  vault.requests.length = 0
  const place = azurePlace(vault)
  expect(await place.apply(context, [put('key', 'ours', await found('key'))])).toMatchObject([
    { done: true },
  ])
  expect(vault.requests.filter((one) => one.startsWith('PUT'))).toEqual(['PUT /secrets/key'])
  expect(tagsOf('key')).toEqual({
    team: 'checkout',
    owner: 'payments@example.com',
    classification: 'restricted',
    'rotation-interval': '90d',
    'coffer-owner': 'shop/prod',
    'coffer-path': 'shop/prod/api/stripe-key',
    'coffer-fingerprint': context.fingerprint(Buffer.from('ours')),
  })
})

test('fifteen tags fit, and sixteen are refused before anything is written', async () => {
  const tags = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`t${i}`, 'x']))
  vault.set('fits', 'x', tags(9))
  vault.set('full', 'x', tags(10))
  const answers = await azurePlace(vault).apply(context, [
    put('fits', 'ours', 'any'),
    put('full', 'ours', 'any'),
  ])
  expect(answers).toMatchObject([{ done: true }, { error: { code: 'limit_exceeded' } }])
  expect(vault.secrets.get('full')).toHaveLength(1)
})

test('a vault of several pages is listed whole', async () => {
  for (let i = 0; i < 60; i++) vault.set(`n${i}`, 'x')
  expect(await azurePlace(vault).list(context, [])).toHaveLength(60)
})

test('of many versions, made in different seconds, the newest counts', async () => {
  for (let i = 0; i < 60; i++) {
    vault.now++
    vault.set('key', `v${i}`)
  }
  const listed = await found('key')
  expect(await azurePlace(vault).apply(context, [put('key', 'ours', listed)])).toMatchObject([
    { done: true },
  ])
})

test('a vault that has no list of versions of what is not there is understood', async () => {
  for (const code of ['SecretNotFound', 'SomethingElse']) {
    vault.before = (_, path) => (path.endsWith('/versions') ? refusal(404, code) : undefined)
    expect(await azurePlace(vault).apply(context, [put(code, 'one')])).toMatchObject([
      { done: true },
    ])
  }
  vault.before = () => ({ status: 404, body: 'a page of a proxy' })
  const change = { kind: 'remove', name: 'key', expected: { name: 'key' } } as const
  expect(await azurePlace(vault).apply(context, [change])).toMatchObject([
    { done: false, error: { code: 'not_found' } },
  ])
})

test('no value is ever read, of ours or of others', async () => {
  vault.set('theirs', 'x')
  const place = azurePlace(vault)
  await place.apply(context, [put('key', 'one'), put('theirs', 'two')])
  await place.apply(context, [put('key', 'three', await found('key'))])
  expect(vault.requests.filter((one) => /^GET \/secrets\/[^/]+\/?$/.test(one))).toEqual([])
})

test('what was removed can be recovered, and is brought back when it is wanted again', async () => {
  const place = azurePlace(vault)
  await place.apply(context, [put('key', 'one')])
  await place.apply(context, [{ kind: 'remove', name: 'key', expected: await found('key') }])
  expect([...vault.deleted.keys()]).toEqual(['key'])
  expect(await place.apply(context, [put('key', 'two')])).toMatchObject([{ done: true }])
  expect(vault.secrets.get('key')?.map(({ value }) => value)).toEqual(['one', 'two'])
})

test("somebody else's deleted secret stays deleted", async () => {
  vault.set('key', 'theirs')
  vault.deleted.set('key', vault.secrets.get('key') ?? [])
  vault.secrets.delete('key')
  expect(await azurePlace(vault).apply(context, [put('key', 'mine')])).toMatchObject([
    {
      done: false,
      error: {
        code: 'deleted',
        remedy: expect.stringContaining('az keyvault secret recover') as string,
      },
    },
  ])
  expect([...vault.deleted.keys()]).toEqual(['key'])
})

test('bytes that are no text are refused', async () => {
  const secret = new Secret({ name: 'key', bytes: Uint8Array.from([0xff]), decode: (b) => b })
  const change = { kind: 'put', name: 'key', secret, path: 'a/b', expected: 'absent' } as const
  expect(await azurePlace(vault).apply(context, [change])).toMatchObject([
    { done: false, error: { code: 'invalid_value' } },
  ])
})

test.each([
  [refusal(401, 'Unauthorized'), { code: 'unauthenticated' }],
  [refusal(403, 'Forbidden', 'ForbiddenByRbac'), { code: 'denied' }],
  [
    refusal(403, 'Forbidden', 'ForbiddenByFirewall'),
    { code: 'denied', message: expect.stringMatching(/firewall/) as string },
  ],
  [refusal(409, 'Conflict', 'ObjectIsBeingDeleted'), { code: 'conflict' }],
  [
    { ...refusal(429, 'Throttled'), headers: { 'retry-after': '9' } },
    { code: 'throttled', details: { retryAfterMs: 9_000 } },
  ],
  [refusal(500, 'InternalError'), { code: 'unavailable' }],
  [{ status: 502, body: 'a page' }, { code: 'unavailable' }],
])('%j is told as what it is, without its body', async (answer, told) => {
  vault.before = (method) => (method === 'PUT' ? answer : undefined)
  const [outcome] = await azurePlace(vault).apply(context, [put('key', 'canary-value')])
  expect(outcome).toMatchObject({ done: false, error: told })
  const error = outcome?.done === false ? outcome.error : undefined
  expect(JSON.stringify(error) + String(error)).not.toMatch(/vendor-body|canary-value/)
})

test('an answer without end is not read, and one that leads elsewhere is not followed', async () => {
  const place = azurePlace(vault)
  vault.before = () => ({ status: 200, body: 'x'.repeat(LIMITS.documentBytesMax) })
  await expect(place.list(context, [])).rejects.toMatchObject({ code: 'too_large' })
  vault.before = () => ({ status: 307, headers: { location: 'https://else.test/' } })
  vault.requests.length = 0
  await expect(place.list(context, [])).rejects.toMatchObject({ code: 'unavailable' })
  expect(vault.requests).toHaveLength(1)
})

test('what is no list of secrets is told as that, and a list without end is left', async () => {
  const place = azurePlace(vault)
  for (const body of [[], null, 'a page', { value: [], nextLink: 7 }]) {
    vault.before = () => ({ status: 200, body })
    await expect(place.list(context, [])).rejects.toMatchObject({ code: 'corrupt' })
  }
  vault.before = () => ({ status: 204 })
  await expect(place.list(context, [])).rejects.toMatchObject({ code: 'corrupt' })
  const attributes = { created: 1, updated: 1 }
  const page = Array.from({ length: 10_000 }, (_, i) => ({
    id: `https://${vault.host}/secrets/n${i}`,
    attributes,
  }))
  let pages = 0
  const nextLink = `https://${vault.host}/secrets?more`
  const upTo = (count: number) => () => {
    pages += 1
    const last = pages * page.length >= count
    const value = last ? page.slice(0, count - (pages - 1) * page.length) : page
    return { status: 200, body: { value, nextLink: last ? null : nextLink } }
  }
  vault.before = upTo(LIMITS.azureSecretsMax)
  expect(await place.list(context, [])).toHaveLength(LIMITS.azureSecretsMax)
  pages = 0
  vault.before = upTo(LIMITS.azureSecretsMax + 1)
  await expect(place.list(context, [])).rejects.toMatchObject({ code: 'too_large' })
})

test('one refusal is of its item alone', async () => {
  vault.before = (_, path) => (path === '/secrets/b' ? FAULTS.denied : undefined)
  const answers = await azurePlace(vault).apply(
    context,
    ['a', 'b', 'c'].map((name) => put(name, name)),
  )
  expect(answers.map(({ done }) => done)).toEqual([true, false, true])
})

test('with any of its calls failing, nothing foreign changes and the next delivery ends it', async () => {
  const tried = await faultsAtEveryCall(() => {
    const one = testVault()
    let calls = 0
    return {
      destination: azurePlace(one),
      put: (name, text) => one.set(name, text),
      value: (name) => one.secrets.get(name)?.at(-1)?.value,
      failAt(call, when) {
        const count = calls
        calls = 0
        const isIt = () => calls++ === call
        one.before = when === 'before' ? () => (isIt() ? FAULTS.unavailable : undefined) : undefined
        one.loses = when === 'after' ? isIt : undefined
        one.garbles = when === 'garbled' ? isIt : undefined
        return count
      },
    }
  })
  expect(tried).toBeGreaterThanOrEqual(10)
})
