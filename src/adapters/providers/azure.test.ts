import { Readable } from 'node:stream'
import type { SecretClientOptions } from '@azure/keyvault-secrets'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { refusal, refusalOf } from '../../testing/refusal.ts'
import { guarded } from '../net/guarded.ts'
import { azure } from './azure.ts'
import { parseKey, vaultUrlOf } from './azure/key.ts'
import { openAzure } from './azure/service.ts'
import { openedLater } from './opened.ts'
import { askService, testDir, told } from './test-service.ts'

/**
 * The official client and its challenge, over a transport that answers as Key Vault's TypeSpec and
 * the recordings of its own tests say. The adapter is also tried by hand with Lowkey Vault.
 */
type HttpClient = NonNullable<SecretClientOptions['httpClient']>
type Request = Parameters<HttpClient['sendRequest']>[0]
interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Record<string, string>
}

const HOST = 'https://shop.vault.test'
const CHALLENGE =
  'Bearer authorization="https://login.test/11111111-2222-3333-4444-555555555555", resource="https://vault.test"'
const CANARY = 'canary-of-key-vault'

const failed = (status: number, code: string, inner?: string, headers = {}): Reply => ({
  status,
  headers,
  body: { error: { code, message: CANARY, ...(inner && { innererror: { code: inner } }) } },
})
const MISSING = failed(404, 'SecretNotFound')

function transport(answer: (request: Request, path: string) => Reply | Error): {
  httpClient: HttpClient
  seen: string[]
} {
  const seen: string[] = []
  const sendRequest: HttpClient['sendRequest'] = async (request) => {
    const { pathname } = new URL(request.url)
    seen.push(pathname)
    const bearer = request.headers.get('authorization')
    const reply =
      bearer === 'Bearer good'
        ? answer(request, pathname)
        : bearer === undefined
          ? { status: 401, headers: { 'www-authenticate': CHALLENGE } }
          : failed(401, 'Unauthorized')
    if (reply instanceof Error) throw reply
    const { status, body = '', headers = {} } = reply
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    const own = request.headers
    for (const name of Object.keys(own.toJSON())) own.delete(name)
    for (const [name, value] of Object.entries({ 'content-type': 'application/json', ...headers }))
      own.set(name, value)
    expect(request.streamResponseStatusCodes?.size).toBe(1)
    return { request, status, headers: own, readableStreamBody: Readable.from([Buffer.from(text)]) }
  }
  return { httpClient: { sendRequest }, seen }
}

const credential = (token = 'good') => ({
  getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
})

const open = async (answer: Parameters<typeof transport>[0], token?: string) => {
  const { httpClient, seen } = transport(answer)
  const world = { credential: credential(token), client: { httpClient } }
  return { service: await openAzure({ env: {}, options: { vault: HOST } }, world), seen }
}

providerContract('azure', async () => {
  const held = new Map<string, string>()
  const denied = new Set<string>()
  let broken = false
  const { service } = await open((_, path) => {
    const [, room, name = ''] = path.split('/')
    const value = held.get(name)
    if (broken) return failed(503, 'ServiceUnavailable')
    if (denied.has(name)) return failed(403, 'Forbidden', 'ForbiddenByRbac')
    if (room !== 'secrets' || value === undefined) return MISSING
    return { status: 200, body: { value, id: `${HOST}/secrets/${name}/${'0'.repeat(32)}` } }
  })
  const state = await testDir()
  const env = { COFFER_STATE_DIR: state.dir }
  const about = { kind: 'azure', batchMax: 1 }
  const remote = openedLater(about, async () => service)
  return {
    provider: guarded(remote, { env, options: {} }),
    key: (word) => word,
    put: (key, text) => void held.set(key, text),
    remove: (key) => void held.delete(key),
    deny: (key) => void denied.add(key),
    breakDown: () => void (broken = true),
    close: async () => state[Symbol.asyncDispose](),
  }
})

test('what is no text is no value, and what is of another secret is not taken', async () => {
  const answering = async (body: object, key: string) => {
    const { service } = await open(() => ({ status: 200, body }))
    return askService(service, key)
  }
  const id = (name: string, version = '0'.repeat(32)) => `${HOST}/secrets/${name}/${version}`
  for (const value of [null, 7, true, {}, [CANARY]]) {
    expect(await answering({ value, id: id('a') }, 'a')).toMatchObject({ code: 'corrupt' })
  }
  const other = await answering({ value: CANARY, id: id('b') }, 'a')
  expect(other).toMatchObject({ code: 'corrupt' })
  expect(JSON.stringify(other)).not.toContain(CANARY)
  const version = 'ab'.repeat(16)
  expect(await answering({ value: 'v', id: id('a') }, `a/${version}`)).toMatchObject({
    code: 'corrupt',
  })
  // Key Vault does not tell capitals apart.
  expect(await answering({ value: 'v', id: id('A', version.toUpperCase()) }, `a/${version}`)).toBe(
    'v',
  )
})

test('when the version was made is told, where it is a time', async () => {
  const attributes = { enabled: true, created: 1_700_000_000 }
  const body = { value: 'v', id: `${HOST}/secrets/a/${'0'.repeat(32)}`, attributes }
  const { service } = await open(() => ({ status: 200, body }))
  const answers = await service.call(
    [{ provider: 'azure', key: 'a' }],
    new AbortController().signal,
  )
  expect(answers).toMatchObject([{ value: { createdAt: 1_700_000_000_000 } }])
  const odd = await open(() => ({ status: 200, body: { ...body, attributes: { created: 'x' } } }))
  const [answer] = await odd.service.call(
    [{ provider: 'azure', key: 'a' }],
    new AbortController().signal,
  )
  expect(answer).toMatchObject({ value: { createdAt: undefined } })
})

describe('keys', () => {
  const parse = (key: string) => {
    const { vaultUrl, name, version } = parseKey({ provider: 'azure', key }, HOST)
    return [vaultUrl, name, version]
  }
  const VERSION = '0123456789abcdef0123456789abcdef'
  test.each([
    ['db-url', [HOST, 'db-url', undefined]],
    [`db-url/${VERSION}`, [HOST, 'db-url', VERSION]],
    ['/shop/prod/api/db-url', [HOST, 'shop--prod--api--db-url', undefined]],
    ['shop/prod/api/db-url', [HOST, 'shop--prod--api--db-url', undefined]],
    ['api/key', [HOST, 'api--key', undefined]],
    ['https://other.vault.azure.cn/secrets/a', ['https://other.vault.azure.cn', 'a', undefined]],
    [`https://o.vault.test/secrets/a/${VERSION}`, ['https://o.vault.test', 'a', VERSION]],
    ['https://o.vault.test/secrets/a/', ['https://o.vault.test', 'a', undefined]],
    ['a'.repeat(127), [HOST, 'a'.repeat(127), undefined]],
  ])('%j is read', (key, expected) => expect(parse(key)).toEqual(expected))

  test.each([
    'a_b',
    'a.b',
    'a--b/c',
    'a/-b',
    'a//b',
    'a'.repeat(128),
    `${'a'.repeat(64)}/${'b'.repeat(64)}`,
    'http://o.vault.test/secrets/a',
    'https://o.vault.test/keys/a',
    'https://o.vault.test/secrets/a/b',
    'https://u:p@o.vault.test/secrets/a',
    'https://o.vault.test/secrets/a?x=1',
    'https://o.vault.test/secrets/a/b/c',
  ])('%j is refused', (key) => expect(refusal(() => parse(key)).code).toBe('invalid_reference'))

  test('a version number, a label, and a name without a vault are refused', () => {
    const ref = { provider: 'azure', key: 'a' }
    expect(refusal(() => parseKey({ ...ref, version: 1 }, HOST)).message).toMatch(/hexadecimal/)
    expect(refusal(() => parseKey({ ...ref, label: 'x' }, HOST)).message).toMatch(/no labels/)
    expect(refusal(() => parseKey(ref, undefined)).remedy).toMatch(/option vault/)
  })

  test('a vault is a name, or an address of any cloud', () => {
    expect(vaultUrlOf('my-vault')).toBe('https://my-vault.vault.azure.net')
    expect(vaultUrlOf('https://my-vault.vault.usgovcloudapi.net/')).toBe(
      'https://my-vault.vault.usgovcloudapi.net',
    )
    for (const bad of ['', 'x', 'a--b', 'a.b', 'http://a.test', 'https://a.test/x']) {
      expect(refusal(() => vaultUrlOf(bad)).code).toBe('invalid_config')
    }
  })
})

const ONE = { status: 200, body: { value: 'one', id: `${HOST}/secrets/a/${'0'.repeat(32)}` } }

const throughGuard = async (token: string) => {
  await using state = await testDir()
  const { service, seen } = await open(() => ONE, token)
  const env = { COFFER_STATE_DIR: state.dir }
  const about = { kind: 'azure', batchMax: 1 }
  const provider = guarded(
    openedLater(about, async () => service),
    { env, options: {} },
  )
  const refs = ['a', 'A', `a/${'0'.repeat(32)}`].map((key) => ({ provider: 'azure', key }))
  const answers = await provider.resolve(refs, new AbortController().signal)
  return [answers.map(told), seen.length] as const
}

test('the first gets a token by the challenge, and all others use it', async () => {
  expect(await throughGuard('good')).toEqual([['one', 'one', 'one'], 4])
})

test('a token that is refused is refused once, for all', async () => {
  const refused = expect.objectContaining({ code: 'unauthenticated' }) as unknown
  expect(await throughGuard('bad')).toEqual([[refused, refused, refused], 2])
})

test('a challenge for another place gets no token', async () => {
  const queries: string[] = []
  const { httpClient, seen } = transport((request) => {
    queries.push(new URL(request.url).search)
    return ONE
  })
  const world = { credential: credential(), client: { httpClient } }
  const service = await openAzure({ env: {}, options: { vault: 'https://shop.other.test' } }, world)
  expect(await askService(service, 'a')).toMatchObject({ code: 'unavailable' })
  expect(seen).toHaveLength(1)
  // Unless somebody said so, for a double of Key Vault.
  const options = { vault: 'https://shop.other.test', apiVersion: '7.4' }
  const env = { COFFER_AZURE_ANY_CHALLENGE: 'true' }
  const double = await openAzure({ env, options }, world)
  expect(await askService(double, 'a')).toBe('one')
  expect(queries.at(-1)).toMatch(/version=7\.4/)
})

test('a deleted secret is told from one that never was, where that may be known', async () => {
  const deleted = { status: 200, body: { id: `${HOST}/secrets/a`, recoveryId: 'x' } }
  const after =
    (second: Reply) =>
    (_: Request, path: string): Reply =>
      path.startsWith('/deletedsecrets/') ? second : MISSING
  const ask = async (second: Reply, key = 'a') => {
    const { service, seen } = await open(after(second))
    return [await askService(service, key), seen.length] as const
  }
  expect((await ask(deleted))[0]).toMatchObject({
    code: 'deleted',
    remedy: expect.stringContaining('recover --name a') as unknown,
  })
  expect((await ask(MISSING))[0]).toBeUndefined()
  expect((await ask(failed(403, 'Forbidden')))[0]).toBeUndefined()
  // A version that is not there is asked for nowhere else.
  expect(await ask(deleted, `a/${'0'.repeat(32)}`)).toEqual([undefined, 2])
})

const broken = (code: string) => Object.assign(new Error(CANARY), { code, name: 'RestError' })

test.each<readonly [string, Reply | Error, string]>([
  ['400', failed(400, 'BadParameter'), 'invalid_reference'],
  ['403', failed(403, 'Forbidden', 'ForbiddenByRbac'), 'denied'],
  ['403 of the firewall', failed(403, 'Forbidden', 'ForbiddenByFirewall'), 'denied'],
  ['403 of a disabled one', failed(403, 'Forbidden', 'SecretDisabled'), 'disabled'],
  ['404 of a proxy', { status: 404, body: CANARY }, 'unavailable'],
  ['409', failed(409, 'Conflict', 'ObjectIsBeingDeleted'), 'deleted'],
  ['429', failed(429, 'Throttled', undefined, { 'retry-after': '4' }), 'throttled'],
  ['500', failed(500, 'InternalServerError'), 'unavailable'],
  ['503', { status: 503, body: CANARY, headers: { 'content-type': 'text/html' } }, 'unavailable'],
  ['301', { status: 301, headers: { location: 'https://else.test/' } }, 'unavailable'],
  ['502 without a body', { status: 502 }, 'unavailable'],
  ['half a document', { status: 200, body: `{"value":"${CANARY}` }, 'corrupt'],
  ['a page', { status: 200, body: CANARY, headers: { 'content-type': 'text/html' } }, 'corrupt'],
  ['no value', { status: 200, body: { id: `${HOST}/secrets/a` } }, 'corrupt'],
  ['too long', { status: 200, body: 'x'.repeat(LIMITS.documentBytesMax + 1) }, 'too_large'],
  ['an unknown host', broken('ENOTFOUND'), 'unavailable'],
  ['a lost connection', broken('ECONNRESET'), 'unavailable'],
  ['a bad certificate', broken('DEPTH_ZERO_SELF_SIGNED_CERT'), 'unavailable'],
])('%s is its error, and quotes nothing', async (_, reply, code) => {
  const { service } = await open(() => reply)
  const error = await askService(service, 'a')
  expect(error).toMatchObject({ code })
  expect(JSON.stringify(error) + String(error)).not.toContain(CANARY)
  if (code === 'throttled') expect(error).toMatchObject({ details: { retryAfterMs: 4_000 } })
})

test('without a credential it says how to log in', async () => {
  const { httpClient } = transport(() => ONE)
  const getToken = async () => {
    throw Object.assign(new Error(CANARY), { name: 'ChainedTokenCredentialError' })
  }
  const world = { credential: { getToken }, client: { httpClient } }
  const service = await openAzure({ env: {}, options: { vault: HOST } }, world)
  const error = await refusalOf(() =>
    service.call([{ provider: 'azure', key: 'a' }], new AbortController().signal),
  )
  expect(error).toMatchObject({ code: 'unauthenticated' })
  expect(error.remedy).toMatch(/az login/)
  expect(JSON.stringify(error)).not.toContain(CANARY)
})

test('the provider itself refuses what it cannot use before anything is asked', async () => {
  expect(() => azure({ env: {}, options: { url: 'x' } })).toThrow('the options vault')
  await using state = await testDir()
  const env = { COFFER_STATE_DIR: state.dir }
  const [answer] = await azure({ env, options: { vault: 'a.b' } }).resolve(
    [{ provider: 'azure', key: 'a' }],
    new AbortController().signal,
  )
  expect(answer).toMatchObject({ error: { code: 'invalid_config' } })
})

test('who gives up is told so', async () => {
  const { service } = await open(() => ONE)
  expect(await askService(service, 'a', AbortSignal.abort())).toMatchObject({ code: 'cancelled' })
})

test('another identity is another scope, and the scope holds nothing of it', async () => {
  const scope = async (env: Record<string, string>) => {
    const { scope: told } = await openAzure({ env, options: { vault: HOST } })
    return told
  }
  const one = { AZURE_CLIENT_ID: 'ada', AZURE_CLIENT_SECRET: 'one-secret' }
  expect(await scope(one)).toBe(await scope({ ...one, OTHER: 'x' }))
  expect(await scope(one)).not.toBe(await scope({ ...one, AZURE_CLIENT_SECRET: 'two' }))
  expect(await scope(one)).not.toContain('one-secret')
})
