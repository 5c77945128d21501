import type { IncomingHttpHeaders } from 'node:http'
import type { SecretsManager } from '@aws-sdk/client-secrets-manager'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { DestinationChange, DestinationEntry } from '../../core/ports/destination.ts'
import { Secret, textSecret } from '../../core/secret.ts'
import { startTestAws } from '../../server/dialects/aws/test-aws.ts'
import type { TestAws } from '../../server/dialects/aws/test-aws.ts'
import { deliveryContext, destinationContract } from '../../testing/destination-contract.ts'
import { aws } from './aws.ts'
import { faultsAtEveryCall } from './test-faults.ts'
import { testProxy } from './test-proxy.ts'
import type { TestProxy } from './test-proxy.ts'

/** Against our own server's dialect; by hand also against moto and localstack. */
let world: TestAws
let proxy: TestProxy
let client: SecretsManager
let round = 0

beforeAll(async () => {
  world = await startTestAws()
  client = world.client
  proxy = await testProxy(world.url)
})
afterAll(async () => {
  await proxy.close()
  await world.close()
})
beforeEach(() => {
  round++
  proxy.seen.length = 0
  vi.stubEnv('AWS_ACCESS_KEY_ID', world.credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', world.credentials.secretAccessKey)
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1')
})
afterEach(() => {
  proxy.before = undefined
  proxy.loses = undefined
  vi.unstubAllEnvs()
})

const open = async (options: Record<string, unknown> = {}, endpoint = proxy.url) =>
  aws({
    env: { AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoint },
    options: { region: 'eu-west-1', prefix: `/shop/t${round}`, ...options },
    dir: '/nowhere',
    environment: 'prod',
  })

const full = (name: string) => `/shop/t${round}/${name}`
const byHand = async (name: string, SecretString: string) => {
  const put = client.putSecretValue({ SecretId: full(name), SecretString })
  await put.catch(() => client.createSecret({ Name: full(name), SecretString }))
}
const valueOf = async (name: string) =>
  client.getSecretValue({ SecretId: full(name) }).then(
    ({ SecretString }) => SecretString,
    () => undefined,
  )
const target = (headers: IncomingHttpHeaders) =>
  String(headers['x-amz-target']).replace('secretsmanager.', '')
const targets = () => proxy.seen.map(({ headers }) => target(headers))

type Request = Parameters<NonNullable<TestProxy['before']>>[0]

function refuseWith(status: number, type: string, isIt?: (request: Request) => boolean) {
  proxy.before = (request, response) => {
    if (isIt?.(request) === false) return false
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify({ __type: type, message: 'vendor-body' }))
    return true
  }
}

const FAULTS = {
  denied: [400, 'AccessDeniedException'],
  throttled: [400, 'ThrottlingException'],
  unavailable: [503, 'ServiceUnavailable'],
} satisfies Record<string, [number, string]>

destinationContract('aws', async () => ({
  destination: await open(),
  name: (word) => word,
  put: byHand,
  remove: async (name) =>
    void (await client.deleteSecret({ SecretId: full(name), ForceDeleteWithoutRecovery: true })),
  value: valueOf,
  fail(fault) {
    proxy.before = undefined
    proxy.loses =
      fault === 'no answer' ? ({ headers }) => target(headers) !== 'DescribeSecret' : undefined
    if (fault !== undefined && fault !== 'no answer') refuseWith(...FAULTS[fault])
  },
}))

const context = deliveryContext('shop/prod')
const put = (
  name: string,
  value: string | Uint8Array,
  expected: 'absent' | 'any' | DestinationEntry = 'absent',
): DestinationChange => ({
  kind: 'put',
  name,
  secret:
    typeof value === 'string'
      ? textSecret(name, value)
      : new Secret({ name, bytes: value, decode: (bytes) => bytes }),
  path: `shop/prod/api/${name}`,
  expected,
  about: {
    description: 'Charges cards',
    owner: 'payments@example.com',
    classification: 'restricted',
    rotateEveryDays: 90,
  },
})
const found = async (place: Awaited<ReturnType<typeof open>>, name: string) => {
  const [entry] = await place.list(context, [name])
  if (entry === undefined) throw new Error('it is not there')
  return entry
}

test.each([
  [{}, 'http://127.0.0.1:1', 'aws:127.0.0.1:1/eu-west-1'],
  [{ account: '123456789012' }, 'http://[::1]:1/', 'aws:[::1]:1/123456789012/eu-west-1'],
  [{ account: '123456789012' }, '', 'aws:123456789012/eu-west-1'],
  [{ prefix: 'shop/prod/' }, '', 'aws:eu-west-1/shop/prod'],
])('%j at the endpoint "%s" is the place %s', async (options, endpoint, id) => {
  expect((await open({ prefix: undefined, ...options }, endpoint)).id).toBe(id)
})

test('without a region it is told what to set', async () => {
  vi.stubEnv('AWS_CONFIG_FILE', '/nowhere/config')
  vi.stubEnv('AWS_REGION', undefined)
  await expect(open({ region: undefined })).rejects.toMatchObject({
    code: 'invalid_config',
    remedy: expect.stringContaining('AWS_REGION') as string,
  })
})

test('a secret is created with its mark and what the manifest says of it, in one call', async () => {
  const place = await open()
  expect(await place.apply(context, [put('key', 'one')])).toMatchObject([{ done: true }])
  expect(targets()).toEqual(['DescribeSecret', 'CreateSecret'])
  const { Tags = [], Description } = await client.describeSecret({ SecretId: full('key') })
  expect(Description).toBe('Charges cards')
  expect(Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]))).toEqual({
    'coffer:owner': 'shop/prod',
    'coffer:path': 'shop/prod/api/key',
    owner: 'payments@example.com',
    classification: 'restricted',
    'rotation-interval': '90d',
  })
})

test('a secret that Terraform made, with our marks and no value, is filled', async () => {
  const Tags = [{ Key: 'coffer:owner', Value: 'shop/prod' }]
  await client.createSecret({ Name: full('key'), Tags })
  const place = await open()
  const listed = await found(place, 'key')
  expect(listed).toMatchObject({ owner: 'shop/prod', fingerprint: undefined })
  expect(await place.apply(context, [put('key', 'one', listed)])).toMatchObject([{ done: true }])
  expect(await valueOf('key')).toBe('one')
})

test('a put that was made and not heard of is made once', async () => {
  const place = await open()
  await place.apply(context, [put('key', 'one')])
  const listed = await found(place, 'key')
  proxy.loses = ({ headers }) => target(headers) === 'PutSecretValue'
  const change = put('key', 'two', listed)
  expect(await place.apply(context, [change])).toMatchObject([{ done: false, unknown: true }])
  proxy.loses = undefined
  const now = await found(place, 'key')
  expect(now.fingerprint).toBe(context.fingerprint(Buffer.from('two')))
  expect(await place.apply(context, [put('key', 'two', now)])).toEqual([
    { done: true, revision: now.revision },
  ])
  const { Versions = [] } = await client.listSecretVersionIds({ SecretId: full('key') })
  expect(Versions).toHaveLength(2)
})

test('a value that comes back is a version of its own', async () => {
  const place = await open()
  const revisions = []
  for (const value of ['a', 'b', 'a', 'b', 'a']) {
    const [answer] = await place.apply(context, [put('key', value, 'any')])
    if (answer?.done === true) revisions.push(answer.revision)
    expect(await valueOf('key')).toBe(value)
  }
  expect(new Set(revisions).size).toBe(5)
})

test('bytes that are no text arrive as bytes', async () => {
  const bytes = Uint8Array.from([0xff, 0x00, 0xfe])
  await (await open()).apply(context, [put('key', bytes.slice())])
  const { SecretBinary } = await client.getSecretValue({ SecretId: full('key') })
  expect(SecretBinary).toEqual(bytes)
})

test('what was removed can be recovered, and is brought back when it is wanted again', async () => {
  const place = await open({ recoveryDays: '7' })
  await place.apply(context, [put('key', 'one')])
  const expected = await found(place, 'key')
  await place.apply(context, [{ kind: 'remove', name: 'key', expected }])
  const { DeletedDate } = await client.describeSecret({ SecretId: full('key') })
  expect(DeletedDate).toBeInstanceOf(Date)
  expect(await place.list(context, ['key'])).toEqual([])
  expect(await place.apply(context, [put('key', 'two')])).toMatchObject([{ done: true }])
  expect(await valueOf('key')).toBe('two')
})

test('replicas are not erased with a secret: it stays until they are gone', async () => {
  const place = await open()
  await place.apply(context, [put('key', 'one')])
  const expected = await found(place, 'key')
  const AddReplicaRegions = [{ Region: 'eu-central-1' }]
  await client.replicateSecretToRegions({ SecretId: full('key'), AddReplicaRegions })
  const [answer] = await place.apply(context, [{ kind: 'remove', name: 'key', expected }])
  expect(answer).toMatchObject({
    done: false,
    error: { code: 'conflict', message: expect.stringContaining('eu-central-1') as string },
  })
  expect(await valueOf('key')).toBe('one')
})

test("somebody else's secret that is scheduled for deletion stays so", async () => {
  await byHand('key', 'theirs')
  await client.deleteSecret({ SecretId: full('key'), RecoveryWindowInDays: 7 })
  const [answer] = await (await open()).apply(context, [put('key', 'mine')])
  expect(answer).toMatchObject({
    done: false,
    error: { code: 'deleted', remedy: expect.stringContaining('restore-secret') as string },
  })
  await client.restoreSecret({ SecretId: full('key') })
  expect(await valueOf('key')).toBe('theirs')
})

test('a secret that appears between the look and the write is not taken over', async () => {
  const place = await open()
  const isLook = ({ headers }: Request) => target(headers) === 'DescribeSecret'
  refuseWith(400, 'ResourceNotFoundException', isLook)
  await byHand('key', 'theirs')
  expect(await place.apply(context, [put('key', 'mine')])).toMatchObject([
    { done: false, error: { code: 'conflict' } },
  ])
  expect(await valueOf('key')).toBe('theirs')
})

test('credentials of another account get no value', async () => {
  const place = await open({ account: '999999999999' })
  expect(await place.apply(context, [put('key', 'canary-value')])).toMatchObject([
    {
      done: false,
      error: { code: 'denied', message: expect.stringMatching(/123456789012/) as string },
    },
  ])
  expect(await valueOf('key')).toBeUndefined()
  const right = await open({ account: '123456789012' })
  expect(await right.apply(context, [put('other', 'one')])).toMatchObject([{ done: true }])
  expect(await valueOf('other')).toBe('one')
})

test.each([
  [400, 'UnrecognizedClientException', 'unauthenticated'],
  [400, 'ExpiredTokenException', 'unauthenticated'],
  [400, 'AccessDeniedException', 'denied'],
  [400, 'EncryptionFailure', 'denied'],
  [400, 'LimitExceededException', 'limit_exceeded'],
  [400, 'PreconditionNotMetException', 'conflict'],
  [500, 'InternalServiceError', 'unavailable'],
])('HTTP %i %s is told as %3$s, without its body', async (status, type, code) => {
  refuseWith(status, type)
  const place = await open()
  const [answer] = await place.apply(context, [put('key', 'canary-value')])
  expect(answer).toMatchObject({ done: false, error: { code } })
  expect(JSON.stringify(answer)).not.toMatch(/vendor-body|canary-value/)
})

test('one refusal is of its item alone', async () => {
  const place = await open()
  let count = 0
  const isSecond = ({ headers }: Request) => target(headers) === 'CreateSecret' && count++ === 1
  refuseWith(400, 'AccessDeniedException', isSecond)
  const answers = await place.apply(
    context,
    ['a', 'b', 'c'].map((name) => put(name, name)),
  )
  expect(answers.filter(({ done }) => done)).toHaveLength(2)
})

test('what a gateway says in XML is understood as well', async () => {
  const body = '<ErrorResponse><Error><Code>InvalidClientTokenId</Code></Error></ErrorResponse>'
  proxy.before = (_, response) =>
    Boolean(response.writeHead(403, { 'content-type': 'text/xml' }).end(body))
  const looking = (await open()).list(context, ['a'])
  await expect(looking).rejects.toMatchObject({ code: 'unauthenticated' })
})

test('an owner that no tag can hold is refused before anything is written', async () => {
  const [answer] = await (await open()).apply(deliveryContext('shop/prod;x'), [put('key', 'x')])
  expect(answer).toMatchObject({ done: false, error: { code: 'invalid_argument' } })
  expect(await valueOf('key')).toBeUndefined()
})

test.each([
  ['made once', '1'],
  ['repeated by the client', '3'],
])(
  'with any of its calls failing and %s, nothing foreign changes and the next delivery ends it',
  { timeout: 120_000 },
  async (_, attempts) => {
    vi.stubEnv('AWS_MAX_ATTEMPTS', attempts)
    const tried = await faultsAtEveryCall(async () => {
      round++
      let calls = 0
      return {
        destination: await open(),
        put: byHand,
        value: valueOf,
        failAt(call, when) {
          const count = calls
          calls = 0
          const isIt = () => calls++ === call
          proxy.before =
            when === 'before' ? ({ socket }) => isIt() && Boolean(socket.destroy()) : undefined
          proxy.loses = when === 'after' ? isIt : undefined
          proxy.garbles = when === 'garbled' ? isIt : undefined
          return count
        },
      }
    })
    expect(tried).toBeGreaterThanOrEqual(10)
  },
)
