import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { inspect } from 'node:util'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Rule } from '../../core/policy/policy.ts'
import type { ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import { startTestAws } from '../../server/dialects/aws/test-aws.ts'
import type { Credentials, TestAws } from '../../server/dialects/aws/test-aws.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { aws as awsProvider } from './aws.ts'
import { testServers } from './aws/test-servers.ts'

const CANARY = 'canary-9d1c-not-to-be-printed'
const { signal } = new AbortController()
const servers = testServers()
const { fake, listen } = servers
afterEach(() => servers.close())
let home: string
let shared: TestAws
beforeAll(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'coffer-aws-'))
  shared = await startTestAws()
})
afterEach(() => vi.unstubAllEnvs())
afterAll(async () => {
  await shared.close()
  rmSync(home, { recursive: true })
})

/** The official client takes its credentials from the process itself. */
function provider(
  endpoint: string,
  credentials: Credentials = { accessKeyId: 'AKIATEST', secretAccessKey: 'x'.repeat(40) },
  options: Record<string, string> = { region: 'eu-west-1' },
) {
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey)
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true')
  vi.stubEnv('AWS_CONFIG_FILE', path.join(home, 'none'))
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', path.join(home, 'none'))
  for (const name of ['AWS_PROFILE', 'AWS_REGION', 'AWS_DEFAULT_REGION', 'AWS_SESSION_TOKEN']) {
    vi.stubEnv(name, undefined)
  }
  const env = { ...process.env, COFFER_STATE_DIR: path.join(home, randomUUID()) }
  return awsProvider({ env, options: { endpoint, ...options } })
}

const ref = (key: string, more: Partial<ProviderRef> = {}): ProviderRef => ({
  provider: 'aws',
  key,
  ...more,
})
const shown = (answers: readonly ProviderAnswer[]) =>
  answers.map((answer) =>
    'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal(),
  )
const errorOf = (answers: readonly ProviderAnswer[]) => (answers[0] as { error: CofferError }).error

providerContract('aws', async () => {
  const below = randomUUID()
  const allowed: Rule = { effect: 'allow', actions: ['read'], paths: [`${below}/**`] }
  const name = `service:${below}`
  const credentials = await shared.keyOf(name, [allowed])
  const place = provider(shared.url, credentials)
  return {
    provider: place,
    key: (word) => `${below}/${word}`,
    put: async (key, text) => void (await shared.coffer.write(key, { value: text })),
    remove: (key) => shared.coffer.purge(key),
    deny: (key) =>
      shared.coffer.access.putPolicy({
        name: name.replaceAll(':', '-'),
        rules: [allowed, { effect: 'deny', actions: ['read'], paths: [key] }],
      }),
    close: () => place.close?.(),
  }
})

test('a place that cannot be reached is unavailable, and the region and endpoint are named', async () => {
  const gone = createServer()
  const url = await listen(gone)
  await new Promise((resolve) => gone.close(resolve))
  const error = errorOf(await provider(url).resolve([ref('a')], signal))
  expect(error.code).toBe('unavailable')
  expect(error.message).toContain(`${url} cannot be reached (ECONNREFUSED)`)
  expect(error.remedy).toContain('AWS_REGION')
})

test('labels, version ids, binary values, ARNs, and what is deleted', async () => {
  const { client } = shared
  const name = `v/${randomUUID()}`
  const made = await client.createSecret({ Name: name, SecretString: 'one' })
  const next = await client.putSecretValue({ SecretId: name, SecretString: 'two' })
  await client.createSecret({ Name: `${name}-bytes`, SecretBinary: Uint8Array.of(0, 255, 7) })
  await client.createSecret({ Name: `${name}-gone`, SecretString: 'x' })
  await client.deleteSecret({ SecretId: `${name}-gone` })
  await client.createSecret({ Name: `${name}-empty` })
  const place = provider(shared.url, shared.credentials)
  const answers = await place.resolve(
    [
      ref(name),
      ref(name, { label: 'current' }),
      ref(name, { label: 'previous' }),
      ref(name, { label: 'AWSPREVIOUS' }),
      ref(name, { label: 'pending' }),
      ref(name, { label: `id:${made.VersionId}` }),
      ref(name, { label: `id:${next.VersionId}` }),
      ref(name, { label: 'id:short' }),
      ref(name, { version: 1 }),
      ref(made.ARN!),
      ref(made.ARN!.slice(0, -7)),
      ref(`${name}-bytes`),
      ref(`${name}-gone`),
      ref(`${name}-empty`),
    ],
    signal,
  )
  expect(answers[0]).toMatchObject({ value: { createdAt: expect.any(Number) } })
  expect(shown(answers)).toEqual([
    'two',
    'two',
    'one',
    'one',
    undefined,
    'one',
    'two',
    'invalid_reference',
    'invalid_reference',
    'two',
    'two',
    Uint8Array.of(0, 255, 7),
    'deleted',
    'empty_version',
  ])
  await place.close?.()
})

test('who may read secrets but not batches of them gets each by itself, and is told so once', async () => {
  const asked: string[] = []
  const url = await fake((target, input, answer) => {
    asked.push(target)
    if (target === 'BatchGetSecretValue') return answer(400, { __type: 'AccessDeniedException' })
    const { SecretId } = input as { SecretId: string }
    answer(200, { ARN: 'a', Name: SecretId, SecretString: `of ${SecretId}` })
  })
  const place = provider(url)
  expect(
    shown(
      await place.resolve(
        ['a', 'b', 'c'].map((key) => ref(key)),
        signal,
      ),
    ),
  ).toEqual(['of a', 'of b', 'of c'])
  await place.resolve(
    ['d', 'e'].map((key) => ref(key)),
    signal,
  )
  expect(asked.filter((target) => target === 'BatchGetSecretValue')).toHaveLength(1)
  expect(asked).toHaveLength(6)
})

test('200 references are 10 calls, and a batch tells of each of its references', async () => {
  const sizes: number[] = []
  const url = await fake((_, input, answer) => {
    const { SecretIdList } = input as { SecretIdList: string[] }
    sizes.push(SecretIdList.length)
    const refused = { k7: 'AccessDeniedException', k8: 'ResourceNotFoundException' }
    const bad = SecretIdList.filter((id) => Object.hasOwn(refused, id))
    answer(200, {
      SecretValues: SecretIdList.filter((id) => !bad.includes(id))
        .toReversed()
        .map((id) => ({ ARN: `arn-${id}`, Name: id, SecretString: `of ${id}` })),
      Errors: bad.map((id) => ({ SecretId: id, ErrorCode: refused[id as 'k7'], Message: CANARY })),
    })
  })
  const refs = Array.from({ length: 200 }, (_, i) => ref(`k${i}`))
  const answers = await provider(url).resolve(refs, signal)
  expect(sizes).toEqual(Array(10).fill(20))
  expect(shown(answers)).toEqual(
    refs.map(
      ({ key }) =>
        ({ k7: 'denied', k8: undefined })[key as 'k7'] ?? (key === 'k8' ? undefined : `of ${key}`),
    ),
  )
  expect(inspect(answers, { depth: 9 })).not.toContain(CANARY)
})

/** What AWS says, and what becomes of it. */
const FAULTS: [type: string, status: number, code: string, calls: number][] = [
  ['ResourceNotFoundException', 400, 'absent', 1],
  ['AccessDeniedException', 400, 'denied', 1],
  ['UnrecognizedClientException', 400, 'unauthenticated', 1],
  ['InvalidSignatureException', 403, 'unauthenticated', 1],
  ['ExpiredTokenException', 400, 'unauthenticated', 1],
  ['ThrottlingException', 400, 'throttled', 3],
  ['TooManyRequestsException', 429, 'throttled', 3],
  ['InternalServiceError', 500, 'unavailable', 3],
  ['ServiceUnavailable', 503, 'unavailable', 3],
  ['DecryptionFailure', 400, 'corrupt', 1],
  ['InvalidParameterException', 400, 'invalid_reference', 1],
  ['ValidationException', 400, 'invalid_reference', 1],
  ['OptInRequired', 403, 'denied', 1],
  ['constructor', 400, 'unavailable', 3],
  ['SomethingNewException', 400, 'unavailable', 3],
]

test.each(FAULTS)('%s with status %i is %s', async (type, status, code, calls) => {
  let asked = 0
  const url = await fake((_, __, answer) => {
    asked++
    answer(status, { __type: `com.amazonaws#${type}`, message: CANARY, Message: CANARY })
  })
  const answers = await provider(url).resolve([ref('a')], signal)
  expect(shown(answers)).toEqual([code === 'absent' ? undefined : code])
  expect(asked).toBe(calls)
  expect(inspect(answers, { depth: 9 })).not.toContain(CANARY)
})

test('an answer that never ends is read no further than a document may go', async () => {
  let sent = 0
  const endless = createServer((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write('a'.repeat(65_536))) sent += 65_536
    }
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    response.on('drain', more).on('error', () => {})
    more()
  })
  const answers = await provider(await listen(endless)).resolve([ref('a')], signal)
  expect(shown(answers)).toEqual(['too_large'])
  expect(sent).toBeLessThan(4 * LIMITS.documentBytesMax)
})

test('what a gateway says in XML is understood as well', async () => {
  const body = `<?xml version="1.0"?><ErrorResponse><Errors><Error><Code>InvalidClientTokenId</Code><Message>${CANARY}</Message></Error></Errors></ErrorResponse>`
  const url = await listen(
    createServer((request, response) => {
      request.resume()
      response.writeHead(403, { 'content-type': 'text/html' }).end(body)
    }),
  )
  const answers = await provider(url).resolve([ref('a'), ref('b')], signal)
  expect(shown(answers)).toEqual(['unauthenticated', 'unauthenticated'])
  expect(inspect(answers, { depth: 9 })).not.toContain(CANARY)
})

test('a credential for another region is told apart, with the region and how to set it', async () => {
  const url = await fake((_, __, answer) =>
    answer(400, {
      __type: 'InvalidSignatureException',
      message: "Credential should be scoped to a valid region, not 'eu-west-1'. ",
    }),
  )
  const error = errorOf(await provider(url).resolve([ref('a')], signal))
  expect(error).toMatchObject({ code: 'unauthenticated' })
  expect(error.message).toContain('eu-west-1')
  expect(error.remedy).toContain('AWS_REGION')
})

const half = (response: ServerResponse) => {
  response.writeHead(200, { 'content-length': 99 }).write('{"Name"')
  setTimeout(() => response.destroy(), 20)
}

/** Half an answer, no answer of AWS, and none at all. */
const GARBLED: [name: string, code: string, answer: (response: ServerResponse) => void][] = [
  [
    'a page of HTML',
    'corrupt',
    (r) => r.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
  ],
  ['half of a body', 'unavailable', half],
  ['half of a document', 'corrupt', (r) => r.writeHead(200).end('{"Name":"a","Secret')],
  ['no value', 'corrupt', (r) => r.writeHead(200).end('{"Name":"a"}')],
  ['another place', 'corrupt', (r) => r.writeHead(302, { location: '/' }).end()],
  ['a proxy that is down', 'unavailable', (r) => r.writeHead(502).end('<html>')],
  ['a closed connection', 'unavailable', (r) => r.socket?.destroy()],
]

test.each(GARBLED)('%s is %s', async (_, code, respond) => {
  const url = await listen(
    createServer((request, response) => (request.resume(), respond(response))),
  )
  expect(shown(await provider(url).resolve([ref('a')], signal))).toEqual([code])
})

test('a server that hangs is given up at the deadline', async () => {
  const url = await listen(createServer(() => {}))
  const controller = new AbortController()
  const answering = provider(url).resolve([ref('a'), ref('b')], controller.signal)
  setTimeout(() => controller.abort(new Error('late')), 100)
  expect(errorOf(await answering).message).toBe('late')
})

test('without a region, and without credentials, nothing is asked, and it is said what to set', async () => {
  let asked = 0
  const url = await fake((_, __, answer) => (asked++, answer(200, {})))
  const nowhere = errorOf(await provider(url, undefined, {}).resolve([ref('a')], signal))
  expect(nowhere).toMatchObject({ code: 'invalid_config', message: 'No AWS region is named.' })
  expect(nowhere.remedy).toContain('AWS_REGION')
  const place = provider(url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', undefined)
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', undefined)
  const env = { COFFER_STATE_DIR: path.join(home, randomUUID()) }
  expect(place.kind).toBe('aws')
  const options = { region: 'eu-west-1', endpoint: url }
  const nobody = errorOf(await awsProvider({ env, options }).resolve([ref('a')], signal))
  expect(nobody.code).toBe('unauthenticated')
  expect(nobody.message).toContain('No AWS credential was found')
  expect(asked).toBe(0)
})

test('an ARN brings its region with it, where none is named or another', async () => {
  const arn = 'arn:aws:secretsmanager:eu-north-1:123456789012:secret:a-AbCdEf'
  const url = await listen(
    createServer((request, response) => {
      request.resume()
      const [, region = ''] =
        /\/\d{8}\/([a-z0-9-]+)\//.exec(request.headers.authorization ?? '') ?? []
      response.end(JSON.stringify({ ARN: arn, Name: 'a', SecretString: region }))
    }),
  )
  const refs = [ref(arn), ref('a')]
  expect(shown(await provider(url, undefined, {}).resolve(refs, signal))).toEqual([
    'eu-north-1',
    'invalid_config',
  ])
  expect(shown(await provider(url).resolve(refs, signal))).toEqual(['eu-north-1', 'eu-west-1'])
})

test.each(['EU-west-1', 'x.example/', '123456789012', 'eu-west-1/shop', '', 'u@eu-west-1'])(
  'the region %j, which would be a part of a host, is refused',
  (region) => {
    expect(() => awsProvider({ env: {}, options: { region } })).toThrow('region')
  },
)

test('an option it does not have is refused', () => {
  expect(() => awsProvider({ env: {}, options: { token: 'x' } })).toThrow('region, profile')
})
