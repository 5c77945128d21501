import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { DestinationChange, DestinationEntry } from '../../core/ports/destination.ts'
import { textSecret } from '../../core/secret.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import type { DestinationContext } from './context.ts'
import { kubernetes } from './kubernetes.ts'
import { OBJECT_BYTES_MAX } from './kubernetes/secret-object.ts'
import { answer, testCluster } from './kubernetes/test-cluster.ts'
import type { TestCluster } from './kubernetes/test-cluster.ts'
import { faultsAtEveryCall } from './test-faults.ts'

// Nobody waits here before trying again.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const SECRET = '/api/v1/namespaces/shop/secrets/app'

const open = async (cluster: TestCluster, options: DestinationContext['options'] = {}) =>
  kubernetes({
    env: { KUBECONFIG: cluster.kubeconfig },
    options: { namespace: 'shop', secret: 'app', ...options },
    dir: '/nowhere',
    environment: 'prod',
  })

const base64 = (text: string) => Buffer.from(text).toString('base64')
const dataOf = (cluster: TestCluster): Record<string, string> =>
  (cluster.objects.get(SECRET)?.object['data'] ?? {}) as Record<string, string>
const textOf = (cluster: TestCluster, name: string) => {
  const data = dataOf(cluster)
  return Object.hasOwn(data, name) ? Buffer.from(data[name] ?? '', 'base64').toString() : undefined
}
const byHand = (cluster: TestCluster, data: Record<string, string | null>) =>
  cluster.write(SECRET, { kind: 'Secret', type: 'Opaque', data })

destinationContract('kubernetes', async () => {
  const cluster = await testCluster()
  return {
    destination: await open(cluster),
    name: (word) => word.toUpperCase(),
    put: (name, text) => byHand(cluster, { [name]: base64(text) }),
    remove: (name) => byHand(cluster, { [name]: null }),
    value: (name) => textOf(cluster, name),
    fail(fault) {
      const refusal = { denied: 403, throttled: 429, unavailable: 503 }
      cluster.after = undefined
      cluster.before = undefined
      if (fault === 'no answer') {
        cluster.after = ({ method, socket }) => {
          if (method === 'PATCH') socket.destroy()
          return method === 'PATCH'
        }
      } else if (fault !== undefined) {
        cluster.before = (_, response) => {
          answer(response, refusal[fault], { message: 'a body that nobody repeats' })
          return true
        }
      }
    },
    close: () => cluster.close(),
  }
})

let cluster: TestCluster
beforeEach(async () => void (cluster = await testCluster()))
afterEach(() => cluster.close())

const context = deliveryContext('shop/prod')
const put = (
  name: string,
  text: string,
  expected: 'absent' | 'any' | DestinationEntry = 'absent',
): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(name, text),
  path: `shop/prod/api/${name}`,
  expected,
})

test('its id is the API server, the namespace and the Secret, whatever the context is called', async () => {
  expect((await open(cluster)).id).toBe(`kubernetes:${cluster.host}/shop/app`)
  expect((await open(cluster, { context: 'test' })).id).toBe(`kubernetes:${cluster.host}/shop/app`)
})

test.each([
  [{ secret: 'Upper' }, 'secret'],
  [{ namespace: 'a/b' }, 'namespace'],
  [{ namespace: 'n'.repeat(64) }, 'namespace'],
  [{ secret: 's'.repeat(254) }, 'secret'],
  [{ restart: ['job/x'] }, 'restart'],
  [{ kubeconfig: './mine' }, 'kubeconfig'],
  [{ labels: 'a=b' }, 'labels'],
] as const)('the options %j are refused', async (options, named) => {
  await expect(open(cluster, options)).rejects.toMatchObject({
    code: 'invalid_argument',
    message: expect.stringContaining(named) as string,
  })
})

test('all changes are one apply, by the field manager coffer', async () => {
  const place = await open(cluster, { labels: { team: 'payments' } })
  await place.apply(context, [put('A', 'one'), put('B', 'two'), put('C', 'three')])
  expect(cluster.requests.filter(({ method }) => method === 'PATCH')).toEqual([
    {
      method: 'PATCH',
      url: `${SECRET}?fieldManager=coffer&fieldValidation=Strict&force=true`,
      type: 'application/apply-patch+yaml',
    },
  ])
  expect(cluster.objects.get(SECRET)?.object['metadata']).toMatchObject({
    labels: { team: 'payments', 'app.kubernetes.io/managed-by': 'coffer' },
    annotations: { 'coffer.dev/owners': '{"shop/prod":["A","B","C"]}' },
  })
})

test("somebody else's Secret gets keys, and no label", async () => {
  const labels = { 'app.kubernetes.io/managed-by': 'Helm' }
  cluster.write(SECRET, {
    kind: 'Secret',
    type: 'Opaque',
    metadata: { labels },
    data: { X: base64('x') },
  })
  const place = await open(cluster, { labels: { team: 'payments' } })
  expect(await place.apply(context, [put('A', 'one')])).toMatchObject([{ done: true }])
  expect(cluster.objects.get(SECRET)?.object['metadata']).toMatchObject({ labels })
  expect(textOf(cluster, 'X')).toBe('x')
})

test('two projects keep their keys in one Secret', async () => {
  const place = await open(cluster)
  const other = deliveryContext('web/prod')
  await place.apply(context, [put('A', 'one')])
  await place.apply(other, [put('B', 'two')])
  const [a] = (await place.list(context, [])).filter(({ name }) => name === 'A')
  expect(a?.owner).toBe('shop/prod')
  if (a !== undefined) await place.apply(context, [{ kind: 'remove', name: 'A', expected: a }])
  expect(await place.list(context, [])).toMatchObject([{ name: 'B', owner: 'web/prod' }])
})

test('a key that another manager set too is removed all the same', async () => {
  const place = await open(cluster)
  await place.apply(context, [put('A', 'one'), put('B', 'two')])
  byHand(cluster, { A: base64('edited') })
  const [listed] = await place.list(context, ['A'])
  if (listed === undefined) throw new Error('it is not there')
  const change = { kind: 'remove', name: 'A', expected: listed } as const
  expect(await place.apply(context, [change, put('C', 'three')])).toMatchObject([
    { done: true },
    { done: true },
  ])
  expect(Object.keys(dataOf(cluster)).toSorted()).toEqual(['B', 'C'])
})

test('of a delivery that ends half way, what was made is told', async () => {
  const place = await open(cluster)
  await place.apply(context, [put('A', 'one'), put('B', 'two')])
  byHand(cluster, { A: base64('edited') })
  const listed = new Map((await place.list(context, [])).map((entry) => [entry.name, entry]))
  cluster.before = (request, response) => {
    const isApply = request.headers['content-type'] === 'application/apply-patch+yaml'
    if (isApply) answer(response, 403, {})
    return isApply
  }
  const expected = listed.get('A')
  if (expected === undefined) throw new Error('it is not there')
  const changes = [{ kind: 'remove', name: 'A', expected } as const, put('C', 'x'), put('B', 'x')]
  expect(await place.apply(context, changes)).toMatchObject([
    { done: true },
    { done: false, error: { code: 'denied' } },
    { done: false, error: { code: 'conflict' } },
  ])
  expect(Object.keys(dataOf(cluster))).toEqual(['B'])
})

test('a write in between is seen, and is not undone', async () => {
  const place = await open(cluster)
  await place.apply(context, [put('A', 'one')])
  const listed = await place.list(context, [])
  let raced = false
  cluster.before = ({ method }) => {
    if (method === 'PATCH' && !raced) {
      raced = true
      byHand(cluster, { A: base64('by hand'), X: base64('new') })
    }
    return false
  }
  const [a, b] = await place.apply(context, [put('A', 'mine', listed[0]), put('B', 'two')])
  expect(a).toMatchObject({ done: false, error: { code: 'conflict' } })
  expect(b).toMatchObject({ done: true })
  expect([textOf(cluster, 'A'), textOf(cluster, 'X')]).toEqual(['by hand', 'new'])
})

test('a Secret that appears between the look and the write is not taken over', async () => {
  const place = await open(cluster)
  cluster.before = ({ method }) => {
    if (method === 'PATCH' && cluster.objects.size === 0) byHand(cluster, { A: base64('theirs') })
    return false
  }
  expect(await place.apply(context, [put('A', 'mine')])).toMatchObject([
    { done: false, error: { code: 'conflict' } },
  ])
  expect(textOf(cluster, 'A')).toBe('theirs')
})

test('a Secret that is written all the time is left alone in the end', async () => {
  const place = await open(cluster)
  let count = 0
  cluster.before = ({ method }) => {
    if (method === 'PATCH') byHand(cluster, { X: base64(String(count++)) })
    return false
  }
  expect(await place.apply(context, [put('A', 'mine')])).toMatchObject([
    { done: false, error: { code: 'conflict' } },
  ])
  expect(count).toBeLessThan(10)
})

test.each([
  [{ immutable: true }, {}, 'immutable'],
  [{ type: 'kubernetes.io/tls' }, { type: 'Opaque' }, 'type'],
] as const)('a Secret that is %j is refused in the plan', async (is, options, says) => {
  cluster.write(SECRET, { kind: 'Secret', type: 'Opaque', data: {}, ...is })
  const place = await open(cluster, options)
  await expect(place.list(context, [])).rejects.toMatchObject({
    code: 'already_exists',
    message: expect.stringContaining(says) as string,
  })
})

test('a type is made with its keys, and kept by later applies', async () => {
  const place = await open(cluster, { type: 'kubernetes.io/tls' })
  const lone = await place.apply(context, [put('tls.crt', 'one')])
  expect(lone).toMatchObject([{ done: false, error: { code: 'invalid_value' } }])
  const pair = [put('tls.crt', 'one'), put('tls.key', 'two')]
  expect(await place.apply(context, pair)).toMatchObject([{ done: true }, { done: true }])
  expect(await place.apply(context, [put('ca.crt', 'ca')])).toMatchObject([{ done: true }])
  expect(cluster.objects.get(SECRET)?.object['type']).toBe('kubernetes.io/tls')
})

test('an object is refused when names and values are more than a cluster keeps, not before', async () => {
  const place = await open(cluster)
  const name = (i: number) => String(i).padStart(250, 'k')
  const size = Math.floor((OBJECT_BYTES_MAX - 900 * 3 * 250) / 900)
  const changes = (extra: number) =>
    Array.from({ length: 900 }, (_, i) =>
      put(name(i), 'x'.repeat(size + (i === 0 ? extra : 0)), 'any'),
    )
  const rest = OBJECT_BYTES_MAX - 900 * (3 * 250 + size)
  const [past] = await place.apply(context, changes(rest + 1))
  expect(past).toMatchObject({ done: false, error: { code: 'too_large' } })
  expect(past).not.toHaveProperty('unknown')
  expect(cluster.objects.size).toBe(0)
  const [at] = await place.apply(context, changes(rest))
  expect(at).toMatchObject({ done: true })
})

test('a missing namespace is told from a missing Secret', async () => {
  const place = await open(cluster, { namespace: 'nowhere' })
  await expect(place.list(context, [])).rejects.toMatchObject({ code: 'not_found' })
  expect(await place.apply(context, [put('A', 'x')])).toMatchObject([
    { done: false, error: { code: 'not_found' } },
  ])
})

test('a spoilt annotation is corrupt, and nobody guesses whose keys they are', async () => {
  const annotations = { 'coffer.dev/owners': '{"shop' }
  cluster.write(SECRET, { kind: 'Secret', type: 'Opaque', metadata: { annotations }, data: {} })
  await expect((await open(cluster)).list(context, [])).rejects.toMatchObject({ code: 'corrupt' })
})

test.each([
  [401, {}, { code: 'unauthenticated' }],
  [403, {}, { code: 'denied' }],
  [429, { 'retry-after': '7' }, { code: 'throttled', details: { retryAfterMs: 7_000 } }],
  [500, {}, { code: 'unavailable' }],
  [504, {}, { code: 'timeout' }],
] as const)('HTTP %i is told as what it is, without its body', async (code, headers, told) => {
  cluster.before = (_, response) => {
    answer(response, code, { message: 'vendor-body' }, headers)
    return true
  }
  const error: unknown = await (await open(cluster)).list(context, []).catch((e: unknown) => e)
  expect(error).toMatchObject(told)
  expect(JSON.stringify(error)).not.toContain('vendor-body')
})

test('with any of its calls failing, nothing foreign changes and the next delivery ends it', async () => {
  const clusters: TestCluster[] = []
  const tried = await faultsAtEveryCall(async () => {
    const one = await testCluster()
    clusters.push(one)
    let calls = 0
    return {
      destination: await open(one),
      put: (name, text) => byHand(one, { [name]: base64(text) }),
      value: (name) => textOf(one, name),
      failAt(call, when) {
        const count = calls
        calls = 0
        const fail: TestCluster['after'] = ({ socket }, response) => {
          const isIt = calls++ === call
          if (isIt && when === 'garbled') response.writeHead(200).end('{"ki')
          else if (isIt) socket.destroy()
          return isIt
        }
        one.before = when === 'before' ? fail : undefined
        one.after = when === 'before' ? undefined : fail
        return count
      },
    }
  })
  for (const one of clusters) await one.close()
  expect(tried).toBeGreaterThanOrEqual(4)
})
