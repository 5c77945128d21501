import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { issueCertificate } from '../server/tls/certificate.ts'
import { refusalOf } from '../testing/refusal.ts'
import { connectCoffer } from './connect.ts'
import type { ConnectOptions } from './connect.ts'
import { fakeServer, json } from './test-fake.ts'

const DAY_MS = 86_400_000
const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' })
const authority = { keys: pair(), name: 'Test authority' }

function certificate(names: readonly string[] | undefined, from: number, until: number) {
  const keys = names === undefined ? authority.keys : pair()
  const cert = issueCertificate({
    subject: names === undefined ? authority.name : 'server',
    issuer: authority.name,
    publicKey: keys.publicKey,
    issuerPublicKey: authority.keys.publicKey,
    issuerKey: authority.keys.privateKey,
    serial: randomBytes(16),
    notBefore: Date.now() + from * DAY_MS,
    notAfter: Date.now() + until * DAY_MS,
    names,
  })
  return { cert, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) }
}

const ca = certificate(undefined, -1, 2).cert
const good = certificate(['127.0.0.1', 'localhost'], -1, 1)
const HEALTH = json({ status: 'ok' })

async function ask(
  tls: { cert: string; key: string } | undefined,
  options: Partial<ConnectOptions> = {},
): Promise<string> {
  await using server = await fakeServer([HEALTH], tls)
  await using coffer = connectCoffer({ address: server.url, token: 't', retries: 0, ...options })
  return (await coffer.server.health()).status
}

test('a server is believed by its authority, given as text or as a file', async () => {
  expect(await ask(good, { ca })).toBe('ok')
  const dir = mkdtempSync(join(tmpdir(), 'coffer-ca-'))
  writeFileSync(join(dir, 'ca.pem'), ca)
  expect(await ask(good, { caFile: join(dir, 'ca.pem') })).toBe('ok')
  rmSync(dir, { recursive: true })
})

test('an authority that nobody named is not believed, and it says what to name', async () => {
  const error = await refusalOf(() => ask(good))
  expect(error).toMatchObject({ code: 'unavailable' })
  expect(error.message).toMatch(/not signed by an authority/)
  expect(error.remedy).toMatch(/COFFER_CACERT.*--ca.*`coffer ca`/)
  const other = await refusalOf(() => ask(good, { ca: certificate(['x.example'], -1, 1).cert }))
  expect(other.message).toMatch(/not signed by an authority/)
})

test('other names and other times are told apart', async () => {
  const elsewhere = certificate(['coffer.example'], -1, 1)
  expect((await refusalOf(() => ask(elsewhere, { ca }))).message).toMatch(/for other names/)
  for (const [from, until] of [
    [-2, -1],
    [1, 2],
  ] as const) {
    const wrong = certificate(['127.0.0.1'], from, until)
    expect((await refusalOf(() => ask(wrong, { ca }))).message).toMatch(/not valid now/)
  }
})

test('the wrong protocol is told apart, both ways', async () => {
  await using plain = await fakeServer([HEALTH])
  await using secure = await fakeServer([HEALTH], good)
  const at = (address: string) =>
    refusalOf(() => connectCoffer({ address, token: 't', retries: 0 }).server.health())
  expect((await at(plain.url.replace('http:', 'https:'))).remedy).toMatch(/begins with http:/)
  expect((await at(secure.url.replace('https:', 'http:'))).remedy).toMatch(/https|server runs/)
})

test('a file that holds no certificate is refused by name', async () => {
  const missing = await refusalOf(() => ask(good, { caFile: '/nowhere/ca.pem' }))
  expect(missing).toMatchObject({ code: 'invalid_argument' })
  expect(missing.message).toContain('/nowhere/ca.pem')
  const key = await refusalOf(() => ask(good, { ca: good.key }))
  expect(key).toMatchObject({ code: 'invalid_argument' })
  const torn = await refusalOf(() => ask(good, { ca: ca.slice(0, 80) }))
  expect(['invalid_argument', 'unavailable']).toContain(torn.code)
  expect((await refusalOf(() => ask(good, { ca, caFile: 'x' }))).message).toMatch(/either/)
})

test('a file of an authority that comes later is read then', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-ca-'))
  const caFile = join(dir, 'ca.pem')
  await using server = await fakeServer([HEALTH], good)
  await using coffer = connectCoffer({ address: server.url, caFile })
  expect((await refusalOf(() => coffer.server.health())).code).toBe('invalid_argument')
  writeFileSync(caFile, ca)
  expect(await coffer.server.health()).toEqual({ status: 'ok' })
  rmSync(dir, { recursive: true })
})
