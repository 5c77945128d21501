import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeServer, hangUp, json, page } from '../../client/test-fake.ts'
import type { FakeServer, Reply } from '../../client/test-fake.ts'
import { LIMITS } from '../../core/limits.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { testAuthority } from '../net/test-tls.ts'
import { kubernetes } from './kubernetes.ts'
import { parseKey } from './kubernetes/key.ts'
import { openKubernetes } from './kubernetes/service.ts'
import { askService, testDir, told } from './test-service.ts'

/**
 * Stands in for an API server as the reference of its API describes Secrets and Status; the adapter
 * is also tried by hand with a real kube-apiserver, which answers byte for byte like this.
 */
type Objects = Map<string, Record<string, string>>

const status = (reason: string, code: number, more: object = {}) =>
  json({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, code, ...more }, code)
const MISSING = status('NotFound', 404, { details: { name: 'x', kind: 'secrets' } })

const api =
  (objects: Objects, { denied = new Set<string>(), broken = (): boolean => false } = {}): Reply =>
  (response, seen, socket) => {
    const [, namespace, name] =
      /^\/api\/v1\/namespaces\/([^/]+)\/secrets\/([^/]+)$/.exec(seen.url) ?? []
    const place = `${namespace}/${name}`
    const found = objects.get(place)
    const reply =
      seen.headers.authorization !== 'Bearer good'
        ? status('Unauthorized', 401)
        : broken()
          ? page(503)
          : denied.has(place)
            ? status('Forbidden', 403, { details: { name, kind: 'secrets' } })
            : found === undefined
              ? MISSING
              : json({ kind: 'Secret', apiVersion: 'v1', metadata: { name }, data: found })
    reply(response, seen, socket)
  }

const { ca, certificate } = testAuthority()
const tls = certificate(['127.0.0.1'])
const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64')

async function kubeconfig(dir: string, server: string, token = 'good', cluster: object = {}) {
  const file = path.join(dir, 'config')
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [
      { name: 'one', cluster: { server, 'certificate-authority-data': base64(ca), ...cluster } },
    ],
    users: [{ name: 'ada', user: { token } }],
    contexts: [{ name: 'here', context: { cluster: 'one', user: 'ada', namespace: 'shop' } }],
  }
  await writeFile(file, JSON.stringify(content))
  return { KUBECONFIG: file, COFFER_STATE_DIR: dir }
}

providerContract('kubernetes', async () => {
  const objects: Objects = new Map()
  const denied = new Set<string>()
  let broken = false
  const server = await fakeServer([api(objects, { denied, broken: () => broken })], tls)
  const state = await testDir()
  const env = await kubeconfig(state.dir, server.url)
  const place = (key: string) => key.split('/', 2).join('/')
  return {
    provider: kubernetes({ env, options: {} }),
    key: (word) => `shop/${word}/text`,
    put: (key, text) => void objects.set(place(key), { text: base64(text) }),
    remove: (key) => void objects.delete(place(key)),
    deny: (key) => void denied.add(place(key)),
    breakDown: () => void (broken = true),
    close: async () => {
      await server[Symbol.asyncDispose]()
      await state[Symbol.asyncDispose]()
    },
  }
})

/** A service before a server that answers so. */
async function withService(
  reply: Reply,
  work: (service: Awaited<ReturnType<typeof openKubernetes>>, server: FakeServer) => Promise<void>,
  token?: string,
): Promise<void> {
  await using server = await fakeServer([reply], tls)
  await using state = await testDir()
  const env = await kubeconfig(state.dir, server.url, token)
  const service = await openKubernetes({ env, options: {} })
  await work(service, server)
  await service.close?.()
}

describe('keys', () => {
  const parse = (key: string) => parseKey({ provider: 'kubernetes', key }, 'home')
  test.each([
    ['db', { namespace: 'home', name: 'db', member: undefined }],
    ['shop/db', { namespace: 'shop', name: 'db', member: undefined }],
    ['shop/db/tls.crt', { namespace: 'shop', name: 'db', member: 'tls.crt' }],
    ['/shop/prod/api/db-url', { namespace: 'home', name: 'shop-prod-api', member: 'db-url' }],
    ['shop/prod/api/db-url', { namespace: 'home', name: 'shop-prod-api', member: 'db-url' }],
    ['/api/key', { namespace: 'home', name: 'api', member: 'key' }],
    ['a.b-c/d.e', undefined],
    ['shop/d.e', { namespace: 'shop', name: 'd.e', member: undefined }],
    ['Shop/db', undefined],
    ['shop/db/../x', undefined],
    ['shop/db/..', undefined],
    ['shop/db/a b', undefined],
    ['shop//x', undefined],
    ['/x', undefined],
    ['//a/b', undefined],
    [`shop/${'a'.repeat(253)}`, { namespace: 'shop', name: 'a'.repeat(253), member: undefined }],
    [`shop/${'a'.repeat(254)}`, undefined],
    [`${'a'.repeat(64)}/x`, undefined],
  ])('%j', (key, expected) => {
    if (expected === undefined) expect(() => parse(key)).toThrow(/none that|no empty|names a/)
    else expect(parse(key)).toEqual(expected)
  })

  test('a version or a label is refused', () => {
    expect(() => parseKey({ provider: 'k', key: 'a', version: 1 }, 'n')).toThrow('no versions')
    expect(() => parseKey({ provider: 'k', key: 'a', label: 'current' }, 'n')).toThrow('no labels')
  })
})

test('a Secret is an object of text; a data key is text or bytes; an absent one is absent', async () => {
  const bytes = Uint8Array.of(0xff, 0x00, 0xfe)
  const objects: Objects = new Map<string, Record<string, string>>([
    ['shop/text', { user: base64('ada'), empty: '' }],
    ['shop/mixed', { user: base64('ada'), raw: base64(bytes) }],
  ])
  await withService(api(objects), async (service) => {
    expect(await askService(service, 'text')).toBe('{"user":"ada","empty":""}')
    expect(await askService(service, 'shop/text/empty')).toBe('')
    expect(await askService(service, 'shop/mixed/raw')).toEqual(bytes)
    expect(await askService(service, 'shop/mixed/user')).toBe('ada')
    expect(await askService(service, 'shop/mixed/other')).toBeUndefined()
    expect(await askService(service, 'shop/mixed/__proto__')).toBeUndefined()
    expect(await askService(service, 'mixed')).toMatchObject({
      code: 'invalid_value',
      remedy: 'Name the data key that is wanted: kubernetes:shop/mixed/raw.',
    })
  })
})

test('several data keys of one Secret are one request', async () => {
  const objects: Objects = new Map([['shop/a', { x: base64('1'), y: base64('2') }]])
  await withService(api(objects), async (service, server) => {
    const refs = ['shop/a/x', 'a', '/a/y', 'shop/b/x', 'b'].map((key) => ({ provider: 'k', key }))
    const answers = await service.call(refs, new AbortController().signal)
    expect(answers.map(told)).toEqual(['1', '{"x":"1","y":"2"}', '2', undefined, undefined])
    expect(server.seen).toHaveLength(2)
  })
})

test('who is unknown asks once, and is told so for everything', async () => {
  await withService(
    api(new Map()),
    async (service, server) => {
      const refs = ['a', 'b', 'c'].map((key) => ({ provider: 'k', key }))
      const error = await refusalOf(() => service.call(refs, new AbortController().signal))
      expect(error).toMatchObject({ code: 'unauthenticated' })
      expect(server.seen).toHaveLength(1)
    },
    'bad',
  )
})

const CANARY = 'canary-of-the-cluster'
const secretOf = (data: unknown): Reply => json({ kind: 'Secret', data })

test.each<readonly [string, Reply, object]>([
  ['401', status('Unauthorized', 401), { code: 'unauthenticated' }],
  ['403', status('Forbidden', 403, { message: CANARY }), { code: 'denied' }],
  ['404 of a proxy', page(404), { code: 'corrupt' }],
  ['404 of another API', status('NotFound', 404), { code: 'unavailable' }],
  [
    '429',
    page(429, { 'retry-after': '3' }),
    { code: 'throttled', details: { retryAfterMs: 3000 } },
  ],
  ['307', page(307, { location: 'https://elsewhere.example/' }), { code: 'unavailable' }],
  ['500', status('InternalError', 500, { message: CANARY }), { code: 'unavailable' }],
  ['503', page(503), { code: 'unavailable' }],
  ['a page instead of a Secret', page(200), { code: 'corrupt' }],
  ['another kind', json({ kind: 'ConfigMap', data: { x: CANARY } }), { code: 'corrupt' }],
  ['null', json(null), { code: 'corrupt' }],
  ['data that is no base64', secretOf({ x: CANARY }), { code: 'corrupt' }],
  ['data that is no text', secretOf({ x: 1 }), { code: 'corrupt' }],
  ['data that has no keys', secretOf(7), { code: 'corrupt' }],
  ['no answer', hangUp, { code: 'unavailable' }],
  [
    'an endless answer',
    (response) => response.writeHead(200).end('x'.repeat(LIMITS.documentBytesMax + 1)),
    { code: 'too_large' },
  ],
])('%s is its error, and quotes nothing', async (_, reply, expected) => {
  await withService(reply, async (service) => {
    const error = await askService(service, 'db')
    expect(error).toMatchObject(expected)
    expect(JSON.stringify(error) + String(error)).not.toMatch(/canary/i)
  })
})

describe('a kubeconfig', () => {
  const open = async (cluster: object, options = {}, server = 'https://127.0.0.1:1') => {
    await using state = await testDir()
    const env = await kubeconfig(state.dir, server, 'good', cluster)
    return await refusalOf(() => openKubernetes({ env, options }))
  }
  test('that skips verification, goes elsewhere in plain or has no such context is refused', async () => {
    const lax = await open({ 'insecure-skip-tls-verify': true })
    expect(lax.message).toMatch(/skip TLS verification/)
    expect((await open({}, {}, 'http://cluster.example')).message).toMatch(/plain HTTP/)
    expect((await open({}, { context: 'nowhere' })).message).toMatch(/no context "nowhere"/)
  })

  test('that is not there or is not one is an error of configuration', async () => {
    await using state = await testDir()
    const file = path.join(state.dir, 'x')
    const at = () => refusalOf(() => openKubernetes({ env: { KUBECONFIG: file }, options: {} }))
    expect(await at()).toMatchObject({ code: 'invalid_config' })
    await writeFile(file, `${CANARY}: [`)
    const error = await at()
    expect(error).toMatchObject({ code: 'invalid_config' })
    expect(JSON.stringify(error)).not.toContain(CANARY)
  })

  test('that nobody names leaves nobody to ask', async () => {
    await using state = await testDir()
    const error = await refusalOf(() => openKubernetes({ env: { HOME: state.dir }, options: {} }))
    expect(error).toMatchObject({ code: 'unauthenticated' })
    expect(error.remedy).toMatch(/KUBECONFIG/)
  })
})

test('another credential is another scope, and the scope holds nothing of it', async () => {
  await using state = await testDir()
  const scope = async (token: string) => {
    const env = await kubeconfig(state.dir, 'https://127.0.0.1:1', token)
    return (await openKubernetes({ env, options: {} })).scope
  }
  expect(await scope('one-token')).not.toBe(await scope('two-token'))
  expect(await scope('one-token')).toBe(await scope('one-token'))
  expect(await scope('one-token')).not.toContain('one-token')
})
