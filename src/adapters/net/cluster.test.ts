import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fakeServer, json } from '../../client/test-fake.ts'
import type { FakeServer } from '../../client/test-fake.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { openCluster } from './cluster.ts'
import { testAuthority } from './test-tls.ts'

const CANARY = 'canary-of-a-plugin'
const { ca, certificate } = testAuthority()
let dir: string
let server: FakeServer
beforeAll(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'coffer-cluster-'))
  server = await fakeServer([json({})], certificate(['127.0.0.1']))
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(dir, { recursive: true })
})

const cluster = (name: string) => ({
  name,
  cluster: {
    server: `${server.url}/behind/`,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  },
})

async function kubeconfig(name: string, content: object): Promise<string> {
  const file = path.join(dir, name)
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...content }))
  return file
}

const one = (user: object, context: object = {}) => ({
  'current-context': 'one',
  clusters: [cluster('one')],
  users: [{ name: 'ada', user }],
  contexts: [{ name: 'one', context: { cluster: 'one', user: 'ada', ...context } }],
})

const get = {
  method: 'GET',
  path: '/api',
  timeoutMs: 1_000,
  answerBytesMax: 1_000,
  signal: new AbortController().signal,
} as const

async function headersWith(env: Record<string, string>, options = {}) {
  const found = await openCluster({ env, ...options })
  await found.request(get)
  found.close()
  return server.seen.at(-1)
}

/** A plugin of kubectl's: prints an ExecCredential, or fails as one does that wants a login. */
const plugin = async (name: string, script: string) => {
  const file = path.join(dir, name)
  await writeFile(file, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: file } }
}

test('a token, a password and a plugin of kubectl say who asks, below the path of the server', async () => {
  const asked = async (user: object) => {
    const seen = await headersWith({ KUBECONFIG: await kubeconfig('one', one(user)) })
    expect(seen?.url).toBe('/behind/api')
    return seen?.headers.authorization
  }
  expect(await asked({ token: 'abc' })).toBe('Bearer abc')
  const basic = Buffer.from('ada:secret').toString('base64')
  expect(await asked({ username: 'ada', password: 'secret' })).toBe(`Basic ${basic}`)
  const printed = JSON.stringify({
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token: 'made' },
  })
  expect(await asked(await plugin('good', `echo '${printed}'`))).toBe('Bearer made')
})

test('a plugin that fails is an expired login, and what it says is not shown', async () => {
  const user = await plugin('bad', `echo ${CANARY} >&2; exit 1`)
  const env = { KUBECONFIG: await kubeconfig('bad-config', one(user)) }
  const error = await refusalOf(async () => (await openCluster({ env })).request(get))
  expect(error).toMatchObject({
    code: 'unauthenticated',
    message: expect.stringMatching(
      /^The plugin ".+" gives the user "ada" of the kubeconfig no cred/,
    ),
  })
  expect(JSON.stringify(error)).not.toContain(CANARY)
})

test('files of KUBECONFIG are one, the first says which context; an option says another', async () => {
  const first = await kubeconfig('first', one({ token: 'first' }, { namespace: 'shop' }))
  const second = await kubeconfig('second', {
    'current-context': 'two',
    clusters: [cluster('two')],
    users: [{ name: 'eve', user: { token: 'second' } }],
    contexts: [{ name: 'two', context: { cluster: 'two', user: 'eve' } }],
  })
  const env = { KUBECONFIG: [first, second].join(path.delimiter) }
  expect((await headersWith(env))?.headers.authorization).toBe('Bearer first')
  expect((await headersWith(env, { context: 'two' }))?.headers.authorization).toBe('Bearer second')
  expect(await openCluster({ env })).toMatchObject({ namespace: 'shop', user: 'ada' })
  expect(await openCluster({ env, context: 'two' })).toMatchObject({ namespace: 'default' })
  expect(await openCluster({ env: {}, kubeconfig: second })).toMatchObject({ user: 'eve' })
})

test('a refusal of one request cuts off no other, and the next is asked as before', async () => {
  const answers = [401, 200]
  await using refusing = await fakeServer(
    [(response, seen, socket) => json({}, answers.shift() ?? 200)(response, seen, socket)],
    certificate(['127.0.0.1']),
  )
  const content = one({ token: 'abc' })
  for (const { cluster: named } of content.clusters) named.server = refusing.url
  const env = { KUBECONFIG: await kubeconfig('refused', content) }
  const found = await openCluster({ env })
  const both = await Promise.all([found.request(get), found.request(get)])
  expect(new Set(both.map(({ status }) => status))).toEqual(new Set([200, 401]))
  expect((await found.request(get)).status).toBe(200)
  found.close()
})

test('one user has one fingerprint, whatever a plugin makes of it', async () => {
  const of = async (user: object) => {
    const env = { KUBECONFIG: await kubeconfig('fingerprint', one(user)) }
    return (await openCluster({ env })).fingerprint
  }
  const random = await plugin('random', 'echo $$')
  expect(await of(random)).toBe(await of(random))
  expect(await of({ token: 'a' })).not.toBe(await of({ token: 'b' }))
  expect(await of({ token: 'a' })).toMatch(/^[0-9a-f]{16}$/)
})
