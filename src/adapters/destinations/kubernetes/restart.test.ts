import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DestinationChange } from '../../../core/ports/destination.ts'
import { textSecret } from '../../../core/secret.ts'
import { deliveryContext } from '../../../testing/destination-contract.ts'
import type { DestinationContext } from '../context.ts'
import { kubernetes } from '../kubernetes.ts'
import { testCluster } from './test-cluster.ts'
import type { TestCluster } from './test-cluster.ts'

const API = '/apis/apps/v1/namespaces/shop/deployments/api'

const open = async (on: TestCluster, options: DestinationContext['options'] = {}) =>
  kubernetes({
    env: { KUBECONFIG: on.kubeconfig },
    options: { namespace: 'shop', secret: 'app', ...options },
    dir: '/nowhere',
    environment: 'prod',
  })
const context = deliveryContext('shop/prod')
const put = (
  name: string,
  text: string,
  expected: 'absent' | 'any' = 'absent',
): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(`shop/prod/api/${name}`, text),
  path: `shop/prod/api/${name}`,
  expected,
})

let cluster: TestCluster
beforeEach(async () => void (cluster = await testCluster()))
afterEach(() => cluster.close())

test('workloads are restarted once for what changed, and not where nothing did', async () => {
  cluster.write(API, { kind: 'Deployment', spec: { replicas: 2 } })
  const place = await open(cluster, { restart: 'deployment/api' })
  const marks = () => JSON.stringify(cluster.objects.get(API)?.object['spec'])
  await place.apply(context, [put('A', 'one')])
  await place.finish?.(context)
  const first = marks()
  expect(first).toContain('"coffer.dev/restarted-for":"app@')
  expect(first).toContain('"replicas":2')
  await place.apply(context, [put('A', 'one', 'any')])
  await place.finish?.(context)
  expect(marks()).toBe(first)
  await place.apply(context, [put('A', 'two', 'any')])
  await place.finish?.(context)
  expect(marks()).not.toBe(first)
})

test('a workload that is not there is told with what was done', async () => {
  const place = await open(cluster, { restart: ['deployment/api'] })
  await place.apply(context, [put('A', 'one')])
  await expect(place.finish?.(context)).rejects.toMatchObject({
    code: 'not_found',
    message: expect.stringContaining('is delivered') as string,
    remedy: expect.stringContaining('kubectl rollout restart deployment/api') as string,
  })
})

test('another process restarts what one before it left, and nothing twice', async () => {
  const first = await open(cluster, { restart: ['deployment/api'] })
  await first.apply(context, [put('A', 'one')])
  await expect(first.finish?.(context)).rejects.toMatchObject({ code: 'not_found' })
  cluster.write(API, { kind: 'Deployment', spec: { replicas: 2 } })
  const marks = () => JSON.stringify(cluster.objects.get(API)?.object['spec'])
  await (await open(cluster, { restart: ['deployment/api'] })).finish?.(context)
  const restarted = marks()
  expect(restarted).toContain('"coffer.dev/restarted-for":"app@')
  await (await open(cluster, { restart: ['deployment/api'] })).finish?.(context)
  expect(marks()).toBe(restarted)
})

test('where nothing is to be restarted, nothing follows a delivery', async () => {
  expect((await open(cluster)).finish).toBeUndefined()
})
