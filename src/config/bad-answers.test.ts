import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { testAuthority } from '../adapters/net/test-tls.ts'
import { fakeServer, hangUp } from '../client/test-fake.ts'
import type { FakeServer, Reply } from '../client/test-fake.ts'
import { refusalOf } from '../testing/refusal.ts'
import { ConfigError, defineConfig, secretRef } from './index.ts'

/** What must be in no message: of the answer, and of who asks. */
const CANARY = 'canary-5e0d-not-to-be-printed'
const HALF = `{"data":{"data":{"key":"${CANARY}`
const JSON_TYPE = { 'content-type': 'application/json' }

/** Half an answer, and what is none, by what stands in the way of a whole one. */
const REPLIES: Readonly<Record<string, Reply>> = {
  'JSON that ends in its middle': (response) => void response.writeHead(200, JSON_TYPE).end(HALF),
  'a connection that is cut within the answer': (response, _seen, socket) => {
    response.writeHead(200, { ...JSON_TYPE, 'content-length': 5_000 }).write(HALF)
    setTimeout(() => socket.destroy(), 10)
  },
  'a connection that is cut before it': hangUp,
  'the page of a proxy': (response) =>
    void response.writeHead(200, { 'content-type': 'text/html' }).end(`<html>${CANARY}`),
  'an error of a proxy': (response) =>
    void response.writeHead(502, { 'content-type': 'text/html' }).end(`<html>${CANARY}`),
  'an empty document': (response) => void response.writeHead(200, JSON_TYPE).end('null'),
}

let dir: string
let reply: Reply = hangUp
let plain: FakeServer
let secure: FakeServer
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-answers-'))
  const answer: Reply = (...about) => reply(...about)
  const { ca, certificate } = testAuthority()
  plain = await fakeServer([answer])
  secure = await fakeServer([answer], certificate(['127.0.0.1']))
  const authority = Buffer.from(ca).toString('base64')
  const config = {
    'current-context': 'c',
    clusters: [
      { name: 'c', cluster: { server: secure.url, 'certificate-authority-data': authority } },
    ],
    users: [{ name: 'u', user: { token: CANARY } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
  }
  writeFileSync(path.join(dir, 'kubeconfig'), JSON.stringify(config))
})
afterAll(async () => {
  await plain[Symbol.asyncDispose]()
  await secure[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})
// The official client of AWS takes its credentials from the process itself.
beforeEach(() => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIATEST')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', CANARY)
  vi.stubEnv('AWS_PROFILE', undefined)
})
afterEach(() => vi.unstubAllEnvs())

const providers = () => ({
  a: { kind: 'aws', endpoint: plain.url, region: 'eu-west-1' },
  c: { kind: 'coffer', address: plain.url },
  k: { kind: 'kubernetes', kubeconfig: path.join(dir, 'kubeconfig') },
  v: { kind: 'vault', address: plain.url },
})
const KINDS = ['a', 'c', 'k', 'v']

test.each(Object.entries(REPLIES))(
  'half an answer is one line for each reference, with provider, reason and remedy: %s',
  async (name, given) => {
    reply = given
    const processEnv = {
      COFFER_STATE_DIR: path.join(dir, name),
      COFFER_TOKEN: CANARY,
      VAULT_TOKEN: CANARY,
      AWS_ACCESS_KEY_ID: 'AKIATEST',
    }
    const shape = Object.fromEntries(
      KINDS.flatMap((kind) => ['one', 'two'].map((key) => [`${kind}_${key}`, `${kind}:s/${key}`])),
    )
    const config = defineConfig(
      Object.fromEntries(Object.entries(shape).map(([field, text]) => [field, secretRef(text)])),
      { providers: providers() },
    )
    const error = await refusalOf(() => config.load({ processEnv, timeoutMs: 20_000 }))
    expect(error).toBeInstanceOf(ConfigError)
    const { problems } = error as ConfigError
    expect(problems.map(({ field, reference }) => [field, reference])).toEqual(
      Object.entries(shape),
    )
    for (const { message, remedy, code, provider, field } of problems) {
      expect(field.startsWith(provider)).toBe(true)
      expect(['unavailable', 'corrupt'], `${field}: ${message}`).toContain(code)
      expect(message).toMatch(/^[^\n]{10,}\.$/)
      expect(remedy).toMatch(/^[^\n]{10,}\.$/)
    }
    expect(JSON.stringify(problems) + String(error)).not.toContain(CANARY)
  },
)
