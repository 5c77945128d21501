import { X509Certificate } from 'node:crypto'
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { get } from 'node:https'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { PeerCertificate } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { bareServer } from '../test-socket.ts'
import { startServer } from '../start.ts'
import type { RunningServer, TlsOptions } from '../start.ts'
import { openOwnTls } from './authority.ts'
import { readTlsFile, tlsPlaces } from './files.ts'
import { leafOf, notAfterOf } from './key-pair.ts'
import { serverNames } from './names.ts'

const DAY_MS = 86_400_000
const running = new Set<RunningServer>()
let dir: string
let now: number
let warnings: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coffer-tls-'))
  now = Date.now()
  warnings = []
})
afterEach(async () => {
  await Promise.all([...running].map((server) => server.close(100)))
  running.clear()
  rmSync(dir, { recursive: true, force: true })
})

async function start(tls: TlsOptions, host = '127.0.0.1'): Promise<RunningServer> {
  const server = await startServer(
    bareServer({ clock: () => now }),
    { listen: { host, port: 0 }, tls },
    { warn: (error) => void warnings.push((error as Error).message) },
  )
  running.add(server)
  return server
}

/** What a client sees that checks the certificate for `name` with this authority. */
function seen(port: number, ca: string, name: string): Promise<PeerCertificate> {
  return new Promise((resolve, reject) => {
    const options = {
      port,
      host: '127.0.0.1',
      path: '/healthz',
      ca,
      servername: name,
      agent: false,
    }
    get({ ...options, headers: { host: name } } as object, (response) => {
      const { socket } = response as unknown as {
        socket: { getPeerCertificate(): PeerCertificate }
      }
      const certificate = socket.getPeerCertificate()
      response.resume().once('end', () => resolve(certificate))
    }).once('error', reject)
  })
}

const own = (random = seededRandom('tls')) =>
  openOwnTls({
    dataDir: dir,
    names: ['localhost'],
    clock: () => now,
    random,
    failed: (error) => void warnings.push((error as Error).message),
  })

test('on its first start a server makes an authority, and clients that trust it are served', async () => {
  const { port, caFile, url } = await start({ dataDir: dir, names: ['coffer.example.com'] })
  expect(url).toBe(`https://127.0.0.1:${port}`)
  const ca = readFileSync(caFile ?? '', 'utf8')
  for (const name of ['localhost', hostname(), 'coffer.example.com']) {
    expect((await seen(port, ca, name)).subject.CN).toBe('Coffer server')
  }
  const byAddress = await new Promise<number | undefined>((resolve, reject) => {
    get(`${url}/healthz`, { ca, agent: false }, (response) => {
      resolve(response.resume().statusCode)
    }).once('error', reject)
  })
  expect(byAddress).toBe(200)
  await expect(seen(port, ca, 'elsewhere.example.com')).rejects.toMatchObject({
    code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  })
  const other = mkdtempSync(join(tmpdir(), 'coffer-tls-'))
  const stranger = await start({ dataDir: other, names: [] })
  await expect(
    seen(port, readFileSync(stranger.caFile ?? '', 'utf8'), 'localhost'),
  ).rejects.toThrow('certificate')
  rmSync(other, { recursive: true })
})

test('what is made is private, for ten years and for ninety days, and stays over restarts', async () => {
  const first = await own()
  const { ca, authority, server } = tlsPlaces(dir)
  const modes = [authority, server, ca].map((file) => statSync(file).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o644])
  expect(readFileSync(ca, 'utf8')).not.toContain('PRIVATE')
  const [root, leaf] = [leafOf(readFileSync(ca, 'utf8')), leafOf(first.current().cert)]
  expect(Math.round((notAfterOf(root) - now) / DAY_MS)).toBe(3_650)
  expect(Math.round((notAfterOf(leaf) - now) / DAY_MS)).toBe(90)
  expect([root.ca, leaf.ca, leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([
    true,
    false,
    true,
    true,
  ])
  const again = await own()
  expect(again.current()).toEqual(first.current())
  first.close()
  again.close()
})

test('years from 2050 on are written as RFC 5280 wants them', async () => {
  now = Date.UTC(2049, 11, 1)
  const source = await own()
  const root = leafOf(readFileSync(tlsPlaces(dir).ca, 'utf8'))
  expect([root.validFrom, root.validTo].map((text) => new Date(text).getUTCFullYear())).toEqual([
    2049, 2059,
  ])
  expect(leafOf(source.current().cert).verify(root.publicKey)).toBe(true)
  source.close()
})

test('TLS 1.1 is refused, 1.2 and 1.3 are spoken', async () => {
  const { port, caFile } = await start({ dataDir: dir, names: [] })
  const ca = readFileSync(caFile ?? '', 'utf8')
  const speak = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string | null>((resolve, reject) => {
      const range = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
      const socket = connect({ port, host: '127.0.0.1', ca, servername: 'localhost', ...range })
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol())
        socket.destroy()
      })
      socket.once('error', reject)
    })
  expect(await speak('TLSv1.2')).toBe('TLSv1.2')
  expect(await speak('TLSv1.3')).toBe('TLSv1.3')
  await expect(speak('TLSv1.1')).rejects.toThrow(/protocol|version/)
})

test('a certificate that is about to expire is replaced, and open connections stay', async () => {
  now -= 61 * DAY_MS
  const server = await start({ dataDir: dir, names: [] })
  const ca = readFileSync(server.caFile ?? '', 'utf8')
  const before = await seen(server.port, ca, 'localhost')
  const open = connect({ port: server.port, host: '127.0.0.1', ca, servername: 'localhost' })
  await new Promise<void>((resolve) => open.once('secureConnect', () => resolve()))
  now += 59 * DAY_MS
  await server.reload()
  expect((await seen(server.port, ca, 'localhost')).serialNumber).toBe(before.serialNumber)
  now += 2 * DAY_MS
  await server.reload()
  const after = await seen(server.port, ca, 'localhost')
  expect(after.serialNumber).not.toBe(before.serialNumber)
  expect(Date.parse(after.valid_to) - now).toBeGreaterThan(89 * DAY_MS)
  const answered = new Promise<string>((resolve) =>
    open.once('data', (chunk) => resolve(String(chunk))),
  )
  open.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  expect(await answered).toContain('200 OK')
  open.destroy()
})

test('a name that the certificate lacks, a damaged file, a foreign one: it is issued anew', async () => {
  const first = await own()
  const places = tlsPlaces(dir)
  const more = await openOwnTls({
    dataDir: dir,
    names: ['localhost', '10.1.2.3', '2001:db8::5'],
    clock: () => now,
    random: seededRandom('more'),
    failed: () => {},
  })
  expect(leafOf(more.current().cert).subjectAltName).toContain('10.1.2.3')
  writeFileSync(places.server, readFileSync(places.server, 'utf8').slice(0, 300))
  await first.reload()
  expect(leafOf(first.current().cert).checkIssued(leafOf(readTlsFile(places.ca)))).toBe(true)
  rmSync(places.ca)
  await first.reload()
  expect(readTlsFile(places.ca)).toContain('BEGIN CERTIFICATE')
  writeFileSync(places.authority, 'nonsense')
  const kept = first.current()
  await first.reload()
  await first.reload()
  expect(first.current()).toBe(kept)
  expect(warnings).toEqual([expect.stringContaining('is no certificate authority')])
  first.close()
  more.close()
})

test('two processes that start at once agree on one authority', async () => {
  const sources = await Promise.all(['a', 'b', 'c'].map((seed) => own(seededRandom(seed))))
  const root = new X509Certificate(readFileSync(tlsPlaces(dir).ca))
  for (const source of sources) {
    expect(leafOf(source.current().cert).verify(root.publicKey)).toBe(true)
    source.close()
  }
})

test('given files are used, and used again when they change; what is broken is told once and left', async () => {
  const given = join(dir, 'given')
  mkdirSync(given)
  const [certFile, keyFile] = [join(given, 'cert.pem'), join(given, 'key.pem')]
  const issue = async (seed: string) => {
    const data = join(dir, seed)
    const source = await openOwnTls({
      dataDir: data,
      names: ['localhost'],
      clock: () => now,
      random: seededRandom(seed),
      failed: () => {},
    })
    source.close()
    return { ...source.current(), ca: readFileSync(tlsPlaces(data).ca, 'utf8') }
  }
  const [one, two] = [await issue('one'), await issue('two')]
  writeFileSync(certFile, one.cert)
  writeFileSync(keyFile, one.key)
  const server = await start({ certFile, keyFile })
  expect(server.caFile).toBeUndefined()
  await seen(server.port, one.ca, 'localhost')
  // Half of the change is there: the pair does not fit.
  writeFileSync(certFile, two.cert)
  await server.reload()
  await server.reload()
  expect(warnings).toEqual([expect.stringContaining(certFile)])
  await seen(server.port, one.ca, 'localhost')
  writeFileSync(keyFile, two.key)
  await server.reload()
  await seen(server.port, two.ca, 'localhost')
  await expect(seen(server.port, one.ca, 'localhost')).rejects.toThrow('certificate')
  rmSync(keyFile)
  await server.reload()
  await seen(server.port, two.ca, 'localhost')
  expect(warnings).toHaveLength(2)
  expect(warnings.join()).not.toContain('PRIVATE')
  await expect(start({ certFile, keyFile })).rejects.toMatchObject({ code: 'unavailable' })
})

test('given files that are out of date, or soon will be, are used and told of', async () => {
  const made = await openOwnTls({
    dataDir: join(dir, 'made'),
    names: ['localhost'],
    clock: () => now,
    random: seededRandom('dates'),
    failed: () => {},
  })
  made.close()
  const tls = { certFile: join(dir, 'cert.pem'), keyFile: join(dir, 'key.pem') }
  writeFileSync(tls.certFile, made.current().cert)
  writeFileSync(tls.keyFile, made.current().key)
  const madeAt = now
  for (const [days, told] of [
    [1, undefined],
    [80, 'expires on'],
    [91, 'expired on'],
    [-30, 'is not valid before'],
  ] as const) {
    now = madeAt + days * DAY_MS
    warnings = []
    await start(tls)
    expect([days, warnings]).toEqual([
      days,
      told === undefined ? [] : [expect.stringMatching(`${tls.certFile} ${told} \\d{4}-\\d\\d-`)],
    ])
  }
  now = madeAt
  warnings = []
  const server = await start(tls)
  for (const days of [1, 80, 81, 91, 92]) {
    now = madeAt + days * DAY_MS
    await server.reload()
  }
  expect(warnings).toEqual([
    expect.stringContaining('expires on'),
    expect.stringContaining('expired on'),
  ])
})

test('a file of tlsFileBytesMax is read, one byte more is not', () => {
  const file = join(dir, 'large')
  writeFileSync(file, 'x'.repeat(LIMITS.tlsFileBytesMax))
  expect(readTlsFile(file)).toHaveLength(LIMITS.tlsFileBytesMax)
  appendFileSync(file, 'x')
  expect(() => readTlsFile(file)).toThrow(expect.objectContaining({ code: 'too_large' }))
})

test('names are DNS names and addresses, canonical, at most tlsNamesMax', () => {
  expect(serverNames(['B.example.com.', 'a', '[2001:DB8::0:5]', '::1', '*.x.y', 'a'])).toEqual([
    '*.x.y',
    '2001:db8::5',
    '::1',
    'a',
    'b.example.com',
  ])
  for (const bad of [
    '',
    '-a',
    'a b',
    'a..b',
    '*',
    'a.*',
    'fe80::1%eth0',
    'x'.repeat(64),
    'a/b',
    'ä',
  ]) {
    expect(() => serverNames([bad]), bad).toThrow(
      expect.objectContaining({ code: 'invalid_argument' }),
    )
  }
  const many = (count: number) => Array.from({ length: count }, (_, i) => `n${i}`)
  expect(serverNames(many(LIMITS.tlsNamesMax))).toHaveLength(LIMITS.tlsNamesMax)
  expect(() => serverNames(many(LIMITS.tlsNamesMax + 1))).toThrow(
    expect.objectContaining({ code: 'limit_exceeded' }),
  )
})
