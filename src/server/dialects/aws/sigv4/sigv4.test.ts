import { STSClient, GetCallerIdentityCommand } from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ADMIN } from '../../../test-server.ts'
import type { TestAws } from '../test-aws.ts'
import { startTestAws } from '../test-aws.ts'
import type { Signing } from '../test-signature.ts'
import { post, signed } from '../test-signature.ts'

let aws: TestAws
beforeAll(async () => {
  aws = await startTestAws()
  await aws.coffer.write('app/x', { value: 'v' })
})
afterAll(() => aws.close())

const BODY = '{"SecretId":"app/x"}'
const TARGET = { 'x-amz-target': 'secretsmanager.GetSecretValue' }
const MINUTE_MS = 60_000

function send(options: Partial<Signing> = {}, body = BODY, sentBody = body) {
  const signing = { at: aws.now(), ...options, headers: { ...TARGET, ...options.headers } }
  const headers = signed(aws.url, aws.credentials, body, signing)
  return post(aws.url, headers, sentBody, options.query)
}

async function refusal(answer: ReturnType<typeof send>): Promise<[string, string]> {
  const { status, headers, text } = await answer
  const { __type: type, message } = JSON.parse(text) as Record<string, string>
  expect([status, headers['content-type']]).toEqual([400, 'application/x-amz-json-1.1'])
  expect(headers['x-amzn-errortype']).toBe(type)
  expect(headers['x-amzn-requestid']).toMatch(/./)
  return [type ?? '', message ?? '']
}

describe('a signature', () => {
  it('is good as often as it is sent within its window', async () => {
    const headers = signed(aws.url, aws.credentials, BODY, { at: aws.now(), headers: TARGET })
    for (let i = 0; i < 3; i++) {
      const { status, text } = await post(aws.url, headers, BODY)
      expect([status, JSON.parse(text)]).toMatchObject([200, { SecretString: 'v' }])
    }
  })

  it('is good over a header that is sent twice, by either way of answering', async () => {
    const direct = { 'content-type': 'application/x-amz-json-1.1' }
    for (const more of [{}, direct]) {
      const statusOf = async (name: string, asSigned: string, sent: readonly string[]) => {
        const given = { ...TARGET, ...more, [name]: asSigned }
        const headers = signed(aws.url, aws.credentials, BODY, { at: aws.now(), headers: given })
        const lines = Object.entries({ ...headers, 'content-length': String(BODY.length) })
          .flatMap(([key, value]) =>
            key === name ? sent.map((each) => [key, each]) : [[key, value]],
          )
          .flat()
        return (await post(aws.url, lines, BODY)).status
      }
      expect(await statusOf('x-e', '1,2', ['1', ' 2 '])).toBe(200)
      expect(await statusOf('x-amz-meta', '1,2,3', ['1', '2,3'])).toBe(200)
      expect(await statusOf('cookie', 'a=1,b=2', ['a=1', 'b=2'])).toBe(200)
      expect(await statusOf('x-e', '1, 2', ['1, 2'])).toBe(200)
      expect(await statusOf('cookie', 'a=1; b=2', ['a=1; b=2'])).toBe(200)
      for (const sent of [['2', '1'], ['1, 2'], ['1', '2', '3']]) {
        expect(await statusOf('x-e', '1,2', sent)).toBe(400)
      }
    }
  })

  it('is good in any region, over any query, with spaces in values, with the hash of the body', async () => {
    expect((await send({ region: 'mars-north-7' })).status).toBe(200)
    expect((await send({ query: 'b=2&a=1&c=' })).status).toBe(200)
    expect((await send({ query: 'a=%20x&b=%2F~' })).status).toBe(200)
    expect((await send({ headers: { ...TARGET, 'x-amz-user-agent': 'a b' } })).status).toBe(200)
    const { createHash } = await import('node:crypto')
    const hash = createHash('sha256').update(BODY).digest('hex')
    expect((await send({ headers: { 'x-amz-content-sha256': hash } })).status).toBe(200)
  })

  it('is good over bytes beyond ASCII in a header, as they are sent', async () => {
    const given = { ...TARGET, 'x-amz-meta': 'Zoë' }
    const headers = signed(aws.url, aws.credentials, BODY, { at: aws.now(), headers: given })
    const asBytes = (value: string) => ({ ...headers, 'x-amz-meta': value })
    // Node writes a head beside a text in the encoding of the text, and beside bytes as Latin-1.
    const body = Buffer.from(BODY)
    const utf8 = Buffer.from('Zoë').toString('latin1')
    expect((await post(aws.url, asBytes(utf8), body)).status).toBe(200)
    expect((await post(aws.url, asBytes('Zoë'), body)).status).toBe(400)
  })

  it('is of one moment: five minutes either way, not a second more', async () => {
    const now = Math.floor(aws.now() / 1_000) * 1_000
    const window = 5 * MINUTE_MS
    for (const at of [now - window, now + window]) expect((await send({ at })).status).toBe(200)
    const late = await refusal(send({ at: now - window - 1_000 }))
    expect(late[0]).toBe('InvalidSignatureException')
    expect(late[1]).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    )
    const early = await refusal(send({ at: now + window + 1_000 }))
    expect(early[1]).toMatch(/^Signature not yet current: /)
  })

  it('covers body, target, query and host', async () => {
    const wrong = ['InvalidSignatureException', expect.stringContaining('does not match')]
    expect(await refusal(send({}, BODY, '{"SecretId":"app/y"}'))).toEqual(wrong)
    const signing = { at: aws.now(), headers: TARGET }
    const headers = signed(aws.url, aws.credentials, BODY, signing)
    const another = { ...headers, 'x-amz-target': 'secretsmanager.DeleteSecret' }
    expect(await refusal(post(aws.url, another, BODY))).toEqual(wrong)
    expect(await refusal(post(aws.url, { ...headers, host: 'elsewhere' }, BODY))).toEqual(wrong)
    expect(await refusal(post(aws.url, headers, BODY, 'a=1'))).toEqual(wrong)
    const stranger = { ...aws.credentials, secretAccessKey: 'x'.repeat(40) }
    const forged = signed(aws.url, stranger, BODY, signing)
    expect(await refusal(post(aws.url, forged, BODY))).toEqual(wrong)
  })

  const cases: [string, Partial<Signing>, string, RegExp][] = [
    [
      'another service',
      { service: 's3' },
      'InvalidSignatureException',
      /correct service: 'secretsmanager'/,
    ],
    ['another terminator', { terminator: 'aws5' }, 'InvalidSignatureException', /valid terminator/],
    [
      'another day',
      { scopeDate: '20200101' },
      'InvalidSignatureException',
      /Date in Credential scope/,
    ],
    ['an unsigned host', { unsigned: ['host'] }, 'InvalidSignatureException', /'Host'/],
    [
      'an unsigned target',
      { unsigned: ['x-amz-target'] },
      'InvalidSignatureException',
      /x-amz-target/,
    ],
    ['an unsigned date', { unsigned: ['x-amz-date'] }, 'InvalidSignatureException', /x-amz-date/],
    [
      'a wrong hash',
      { headers: { 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' } },
      'InvalidSignatureException',
      /SHA-256/,
    ],
    [
      'a session token',
      { headers: { 'x-amz-security-token': 't' } },
      'UnrecognizedClientException',
      /^The security token included in the request is invalid\.$/,
    ],
    [
      'no signature',
      { mangle: (a) => a.replace(/, Signature=.*/, '') },
      'IncompleteSignatureException',
      /requires 'Signature' parameter/,
    ],
    [
      'half a signature',
      { mangle: (a) => a.slice(0, -1) },
      'InvalidSignatureException',
      /does not match/,
    ],
    [
      'a signature in capitals',
      { mangle: (a) => a.replace(/[^=]*$/, (s) => s.toUpperCase()) },
      'InvalidSignatureException',
      /does not match/,
    ],
    [
      'no credential',
      { mangle: (a) => a.replace(/Credential=[^,]*, /, '') },
      'IncompleteSignatureException',
      /requires 'Credential' parameter/,
    ],
    [
      'a short scope',
      { mangle: (a) => a.replace('/aws4_request', '') },
      'IncompleteSignatureException',
      /exactly 5/,
    ],
    [
      'two signatures',
      { mangle: (a) => `${a}, Signature=00` },
      'IncompleteSignatureException',
      /twice/,
    ],
    [
      'another algorithm',
      { mangle: (a) => a.replace('AWS4-HMAC-SHA256', 'AWS4-ECDSA-P256-SHA256') },
      'IncompleteSignatureException',
      /algorithm/,
    ],
    [
      'a bearer token',
      { mangle: () => `Bearer ${'x'.repeat(40)}` },
      'IncompleteSignatureException',
      /algorithm/,
    ],
    [
      'an endless header',
      { mangle: (a) => a + 'x'.repeat(5_000) },
      'IncompleteSignatureException',
      /too long/,
    ],
    [
      'an unknown key',
      { mangle: (a) => a.replace(/AKIA[A-Z0-9]+/, 'AKIAAAAAAAAAAAAAAAAA') },
      'UnrecognizedClientException',
      /security token/,
    ],
    [
      'no key id',
      { mangle: (a) => a.replace(/Credential=[^/]*/, 'Credential=') },
      'UnrecognizedClientException',
      /security token/,
    ],
    [
      'a header that is not there',
      { mangle: (a) => a.replace('SignedHeaders=', 'SignedHeaders=absent;') },
      'InvalidSignatureException',
      /'absent' is not in the request/,
    ],
    ...['__proto__', 'constructor'].map((name): (typeof cases)[number] => [
      `the header ${name}`,
      { mangle: (a) => a.replace('SignedHeaders=', `SignedHeaders=${name};`) },
      'InvalidSignatureException',
      /is not in the request/,
    ]),
  ]
  it.each(cases)('is refused with %s', async (_with, options, type, message) => {
    expect(await refusal(send(options))).toEqual([type, expect.stringMatching(message)])
  })

  it('has to be in the header: none, and one in the query, are no authentication', async () => {
    const missing = ['MissingAuthenticationTokenException', 'Missing Authentication Token']
    expect(await refusal(post(aws.url, TARGET, BODY))).toEqual(missing)
    const presigned = 'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00'
    expect(await refusal(post(aws.url, TARGET, BODY, presigned))).toEqual(missing)
  })

  it('of a key that is disabled or deleted is refused on the next request', async () => {
    const { record, secretAccessKey } = await aws.coffer.identities.createAccessKey({
      actor: ADMIN,
    })
    const credentials = { accessKeyId: record.id, secretAccessKey: secretAccessKey.reveal() }
    const client = aws.clientWith(credentials)
    const read = () => client.getSecretValue({ SecretId: 'app/x' })
    expect((await read()).SecretString).toBe('v')
    await aws.coffer.identities.updateAccessKey(record.id, { disabled: true })
    await expect(read()).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
    await aws.coffer.identities.updateAccessKey(record.id, { disabled: false })
    expect((await read()).SecretString).toBe('v')
    await aws.coffer.identities.deleteAccessKey(record.id)
    await expect(read()).rejects.toMatchObject({ name: 'UnrecognizedClientException' })
  })
})

describe('STS', () => {
  it('says who one is, in XML, with errors of its own names', async () => {
    const region = 'us-east-1'
    const client = (credentials = aws.credentials) =>
      new STSClient({ endpoint: aws.url, region, credentials, maxAttempts: 1 })
    const who = await client().send(new GetCallerIdentityCommand({}))
    expect(who).toMatchObject({
      Account: '123456789012',
      Arn: 'arn:aws:iam::123456789012:user/local/admin',
      UserId: ADMIN,
    })
    const stranger = { ...aws.credentials, secretAccessKey: 'x' }
    await expect(client(stranger).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'SignatureDoesNotMatch',
      $metadata: { httpStatusCode: 403 },
    })
    const unknown = { ...stranger, accessKeyId: 'AKIAAAAAAAAAAAAAAAAA' }
    await expect(client(unknown).send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: 'InvalidClientTokenId',
    })
  })

  it('is signed for itself: a signature for secrets is no good there, and the reverse', async () => {
    const form = 'Action=GetCallerIdentity&Version=2011-06-15'
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const ask = (service: string, body = form) =>
      post(
        aws.url,
        signed(aws.url, aws.credentials, body, { at: aws.now(), service, headers: type }),
        body,
      )
    expect((await ask('sts')).status).toBe(200)
    expect((await ask('secretsmanager')).text).toMatch(/<Code>SignatureDoesNotMatch<\/Code>/)
    expect((await ask('sts', 'Action=AssumeRole')).text).toMatch(/<Code>InvalidAction<\/Code>/)
    expect((await refusal(send({ service: 'sts' })))[0]).toBe('InvalidSignatureException')
  })
})
