import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import { createApp } from '../../app.ts'
import type { RequestFacts } from '../../observe.ts'
import { rawConnection } from '../../test-socket.ts'
import { counting } from '../../test-server.ts'
import type { Credentials, TestAws } from './test-aws.ts'
import { startTestAws } from './test-aws.ts'
import { post, signed } from './test-signature.ts'

/** Both ways of answering `GetSecretValue` say, count and audit the same; a charset is the route's. */

const DIRECT = 'application/x-amz-json-1.1'
const ROUTE = `${DIRECT}; charset=utf-8`

let aws: TestAws
let app: FastifyInstance
let url: string
let limited: Credentials
const facts: RequestFacts[] = []
let throughFastify = 0
let refuseAddress = false
let refused = 0

beforeAll(async () => {
  aws = await startTestAws()
  const { guard } = aws.server
  const admitAddress = (address: string) => {
    if (refuseAddress) throw new Error('as planned')
    return guard.admitAddress(address)
  }
  const counted: typeof guard.refused = (...what) => {
    refused += 1
    return guard.refused(...what)
  }
  app = await createApp(
    { ...aws.server, guard: { ...guard, admitAddress, refused: counted } },
    {
      watchers: [{ began() {}, ended: (seen) => void facts.push(seen) }],
      observers: [counting(() => void throughFastify++)],
    },
  )
  url = await app.listen({ host: '127.0.0.1', port: 0 })
  await aws.coffer.write('app/x', { value: 'grüße 🔑' })
  await aws.coffer.write('app/bytes', { value: new Uint8Array([0, 255]) })
  await aws.coffer.write('app/json', { value: { a: 1 } })
  await aws.coffer.write('app/deleted', { value: 'x' })
  await aws.coffer.delete('app/deleted')
  await aws.coffer.write('other', { value: 'x' })
  limited = await aws.keyOf('service:some', [
    { effect: 'allow', actions: ['read'], paths: ['app/**'] },
  ])
})

afterAll(async () => {
  await app.close()
  await aws.close()
})

beforeEach(() => {
  facts.length = 0
  refuseAddress = false
})

interface Sent {
  readonly body: string | Uint8Array
  readonly credentials?: Credentials
  readonly signedBody?: string
  readonly target?: string
}

async function ask(type: string, { body, credentials = limited, ...sent }: Sent) {
  const { signedBody = body, target = 'secretsmanager.GetSecretValue' } = sent
  const headers = { 'x-amz-target': target, 'content-type': type }
  const all = signed(url, credentials, signedBody, { at: aws.now(), headers })
  const length = { 'content-length': `${Buffer.byteLength(body)}` }
  const { status, headers: said, text } = await post(url, { ...all, ...length }, body)
  await expect.poll(() => facts.length).toBe(1)
  const { request, ms: _, ...seen } = facts.splice(0)[0] ?? ({} as RequestFacts)
  const events = (await aws.coffer.audit.query({ limit: 10 }))
    .filter((entry) => entry.request === request)
    .map(({ seq: _seq, prev: _prev, at: _at, request: _request, ...event }) => event)
  const { date: _date, ...rest } = said
  expect(rest['x-amzn-requestid']).toBe(request)
  return { status, text, headers: { ...rest, 'x-amzn-requestid': '' }, facts: seen, events }
}

async function same(sent: Sent) {
  const before = throughFastify
  const direct = await ask(DIRECT, sent)
  expect(throughFastify).toBe(before)
  const route = await ask(ROUTE, sent)
  expect(throughFastify).toBe(before + 1)
  expect(direct).toEqual(route)
  return direct
}

const stranger = { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x'.repeat(40) }
const asked = (SecretId: string, more: object = {}) => JSON.stringify({ SecretId, ...more })

const requests: [string, () => Sent, number, RegExp][] = [
  ['text', () => ({ body: asked('app/x') }), 200, /grüße 🔑/],
  ['bytes', () => ({ body: asked('app/bytes') }), 200, /"SecretBinary":"AP8="/],
  ['a document', () => ({ body: asked('app/json') }), 200, /SecretString/],
  ['a stage', () => ({ body: asked('app/x', { VersionStage: 'AWSCURRENT' }) }), 200, /grüße/],
  ['another stage', () => ({ body: asked('app/x', { VersionStage: 'no' }) }), 400, /NotFound/],
  ['nothing', () => ({ body: asked('app/none') }), 400, /ResourceNotFound/],
  ['what was deleted', () => ({ body: asked('app/deleted') }), 400, /InvalidRequest/],
  ['what is not allowed', () => ({ body: asked('other') }), 400, /AccessDenied/],
  ['no name', () => ({ body: '{}' }), 400, /Validation/],
  ['no document', () => ({ body: '{"SecretId":' }), 400, /Serialization/],
  ['bytes that are no text', () => ({ body: new Uint8Array([255]) }), 400, /Serialization/],
  ['a long body', () => ({ body: asked('app/x', { x: 'x'.repeat(60_000) }) }), 200, /grüße/],
  ['a stranger', () => ({ body: asked('app/x'), credentials: stranger }), 400, /Unrecognized/],
  ['a forged body', () => ({ body: asked('other'), signedBody: '{}' }), 400, /Signature/],
]
test.each(requests)('both ways agree on %s', async (_what, sent, status, text) => {
  const said = await same(sent())
  expect([said.status, said.text]).toEqual([status, expect.stringMatching(text)])
})

test.each([
  ['{"SecretId":', 1],
  ['[]', 1],
  ['{}', 1],
  [asked('app/none'), 0],
  [asked('app/x'), 0],
])('%s, signed well, is counted as refused %i times', async (body, times) => {
  refused = 0
  await same({ body })
  expect(refused).toBe(2 * times)
})

test('both ways agree when something else goes wrong', async () => {
  refuseAddress = true
  const said = await same({ body: asked('app/x') })
  expect(said.status).toBe(500)
  expect(said.text).not.toContain('as planned')
})

test('another operation, and a body longer than a stranger may send, are the route’s', async () => {
  const before = throughFastify
  const describe = { body: asked('app/x'), target: 'secretsmanager.DescribeSecret' }
  await ask(DIRECT, describe)
  const max = LIMITS.openRequestBodyBytesMax
  const filled = (bytes: number) => {
    const empty = asked('app/x', { x: '' }).length
    return asked('app/x', { x: 'x'.repeat(bytes - empty) })
  }
  await ask(DIRECT, { body: filled(max + 1) })
  expect(throughFastify).toBe(before + 2)
  const most = await same({ body: filled(max) })
  expect([most.status, most.text]).toEqual([200, expect.stringContaining('SecretString')])
})

test('a body that comes in pieces is waited for, and one that never comes harms nobody', async () => {
  const body = asked('app/x')
  const headers = { 'x-amz-target': 'secretsmanager.GetSecretValue', 'content-type': DIRECT }
  const all = signed(url, limited, body, { at: aws.now(), headers })
  const lines = Object.entries({ ...all, 'content-length': `${body.length}` })
  const head = `POST / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
  const before = throughFastify
  const slow = await rawConnection(Number(new URL(url).port))
  await slow.say(head + body.slice(0, 5))
  await new Promise((resolve) => setTimeout(resolve, 30))
  await slow.say(body.slice(5))
  await expect.poll(() => slow.text).toContain('VersionStages')
  // The same connection is good for another.
  await slow.say(head + body)
  await expect.poll(() => slow.text.split('VersionStages')).toHaveLength(3)
  slow.socket.destroy()
  facts.length = 0
  const gone = await rawConnection(Number(new URL(url).port))
  await gone.say(head + body.slice(0, 5))
  await new Promise((resolve) => setTimeout(resolve, 30))
  gone.socket.destroy()
  await expect.poll(() => facts.map(({ status }) => status)).toEqual([499])
  expect(throughFastify).toBe(before)
})
