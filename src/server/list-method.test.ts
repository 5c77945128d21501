import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { asGet } from './list-method.ts'
import { parseListHead } from './list-method-head.ts'
import type { RunningServer } from './start.ts'
import { answersIn, rawConnection, startBareServer } from './test-socket.ts'

const dir = mkdtempSync(join(tmpdir(), 'coffer-list-'))
let plain: RunningServer
let tls: RunningServer
let seen: string[] = []
let refused = 0

beforeAll(async () => {
  const guard = {
    refused: () => {
      refused += 1
      return undefined
    },
  }
  const start = (secured: boolean) =>
    startBareServer(
      (app) => {
        app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
        app.route({
          method: ['GET', 'POST', 'PUT'],
          url: '/v1/*',
          handler: async (request) => {
            seen.push(`${request.method} ${request.url}`)
            await new Promise((resolve) =>
              setTimeout(resolve, request.url.includes('slow') ? 40 : 0),
            )
            if (request.url.includes('large')) return 'x'.repeat(LARGE)
            return { url: request.url, token: request.headers['x-vault-token'], ip: request.ip }
          },
        })
      },
      { guard, ...(secured ? { tls: { dataDir: dir, names: [] } } : {}) },
    )
  plain = await start(false)
  tls = await start(true)
})
afterAll(async () => {
  await plain.close()
  await tls.close()
  rmSync(dir, { recursive: true, force: true })
})
beforeEach(() => {
  seen = []
  refused = 0
})

const LARGE = 20_000_000

const LIST = 'LIST /v1/secret/metadata/app HTTP/1.1\r\nHost: x\r\nX-Vault-Token: t\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
const LISTED = 'GET /v1/secret/metadata/app?list=true'

/** What is heard after saying these packets, each apart from the next. */
async function talk(packets: readonly (string | Buffer)[], secured = false): Promise<string> {
  const { port, caFile } = secured ? tls : plain
  const ca = caFile === undefined ? undefined : readFileSync(caFile, 'utf8')
  const connection = await rawConnection(port, ca)
  for (const packet of packets) {
    await connection.say(packet)
    await new Promise((resolve) => setTimeout(resolve, 3))
  }
  return connection.heard()
}

test('LIST is answered as GET with list=true, with its headers and address, and the connection ends', async () => {
  for (const secured of [false, true]) {
    const [answer, ...more] = answersIn(await talk([LIST], secured))
    expect(more).toEqual([])
    expect(answer?.status).toBe(200)
    expect(answer?.headers).toContain('connection: close')
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      url: '/v1/secret/metadata/app?list=true',
      token: 't',
      ip: '127.0.0.1',
    })
  }
  expect(refused).toBe(0)
})

test('an empty body in chunks, as the agent and the proxy of Vault send it, makes no other LIST', async () => {
  const text = LIST.replace('\r\n\r\n', `\r\n${CHUNKED}`)
  const said = [[text], [text.slice(0, -5), '0\r\n\r\n'], [text.slice(0, -2), '\r\n']]
  for (const packets of said) {
    const [answer, ...more] = answersIn(await talk(packets))
    expect(more).toEqual([])
    expect(answer?.status).toBe(200)
  }
  expect(seen).toEqual(said.map(() => LISTED))
  expect(refused).toBe(0)
})

test('split at any byte, also behind another request, it is the same LIST once', async () => {
  const get = 'GET /v1/slow HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const secured of [false, true]) {
    for (const text of [LIST, get + LIST]) {
      seen = []
      const cuts = Array.from({ length: text.length - 1 }, (_, i) => i + 1)
      const heard = await Promise.all(
        cuts.map((at) => talk([text.slice(0, at), text.slice(at)], secured)),
      )
      for (const [index, each] of heard.entries()) {
        const statuses = answersIn(each).map(({ status }) => status)
        expect(statuses, `cut at ${cuts[index]}`).toEqual(text === LIST ? [200] : [200, 200])
        expect(each.endsWith('"ip":"127.0.0.1"}')).toBe(true)
      }
      expect(seen.filter((line) => line === LISTED)).toHaveLength(cuts.length)
      expect(seen).toHaveLength(text === LIST ? cuts.length : 2 * cuts.length)
    }
  }
})

test('byte by byte, and in packets of any size, it is the same LIST once', async () => {
  const random = seededRandom('list packets')
  const post = 'POST /v1/p HTTP/1.1\r\nHost: x\r\nContent-Length: 7\r\n\r\nLIST /v'
  const chunked =
    'PUT /v1/c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nLIST /\r\n0\r\n\r\n'
  const talks = Array.from({ length: 60 }, async (_, round) => {
    const before = [...(round % 3 === 0 ? [post] : []), ...(round % 2 === 0 ? [chunked] : [])]
    const text = [...before, LIST].join('')
    const packets: string[] = []
    for (let at = 0; at < text.length;) {
      const size = round === 1 ? 1 : 1 + ((random(1)[0] ?? 0) % 40)
      packets.push(text.slice(at, at + size))
      at += size
    }
    const statuses = answersIn(await talk(packets, round % 5 === 0)).map(({ status }) => status)
    expect(statuses, JSON.stringify(packets)).toEqual([...before.map(() => 200), 200])
  })
  await Promise.all(talks)
  expect(seen.filter((line) => line === LISTED)).toHaveLength(60)
  expect(seen.every((line) => /^(?:GET \/v1\/secret|POST \/v1\/p$|PUT \/v1\/c$)/.test(line))).toBe(
    true,
  )
})

test('a slow reader gets all of a large answer', async () => {
  const connection = await rawConnection(plain.port)
  connection.socket.pause()
  await connection.say(LIST.replace('app', 'large'))
  await new Promise((resolve) => setTimeout(resolve, 1_300))
  connection.socket.resume()
  expect((await connection.heard()).length).toBeGreaterThan(LARGE)
})

test('nothing behind a LIST is carried out: its body, another LIST, another request', async () => {
  const behind = [
    'GET /v1/next HTTP/1.1\r\nHost: x\r\n\r\n',
    LIST.replace('app', 'next'),
    'POST /v1/next HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n',
  ]
  for (const next of behind) {
    await talk([LIST + next])
    await talk([LIST, next])
  }
  const withBody = LIST.replace('\r\n\r\n', `\r\nContent-Length: ${behind[0]?.length}\r\n\r\n`)
  await talk([withBody + behind[0]])
  await talk([LIST.replace('\r\n\r\n', `\r\n${CHUNKED}`) + behind[0]])
  expect(seen).toEqual(Array<string>(8).fill(LISTED))
})

test('a LIST in the body of another request is that body', async () => {
  const post = `POST /v1/p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: ${LIST.length}\r\n\r\n${LIST}`
  const at = post.indexOf('LIST')
  for (const cut of [at - 1, at, at + 1, at + 2, at + 3]) {
    expect(answersIn(await talk([post.slice(0, cut), post.slice(cut)]))).toHaveLength(1)
  }
  expect(seen).toEqual(Array<string>(5).fill('POST /v1/p'))
})

test('answers come in the order of their requests', async () => {
  const slow = 'GET /v1/slow/a HTTP/1.1\r\nHost: x\r\n\r\n'
  const quick = 'GET /v1/quick HTTP/1.1\r\nHost: x\r\n\r\n'
  const urls = answersIn(await talk([slow + quick + LIST])).map(({ body }) => JSON.parse(body).url)
  expect(urls).toEqual(['/v1/slow/a', '/v1/quick', '/v1/secret/metadata/app?list=true'])
})

test('what is doubtful is refused and never carried out', async () => {
  const line = 'LIST /v1/a HTTP/1.1\r\n'
  const bad: Record<string, number> = {
    'LIST /v1/a HTTP/1.1\r\n\r\n': 400,
    'LIST /v1/a HTTP/1.0\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/a HTTP/2.0\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/a\r\nHost: x\r\n\r\n': 400,
    'LIST  /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/a b HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    'LIST http://x/v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/a#b HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/\xe4 HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    'LIST /v1/\x01 HTTP/1.1\r\nHost: x\r\n\r\n': 400,
    [`${line}Host: x\r\nHost: y\r\n\r\n`]: 400,
    [`${line}Host: x\r\n folded\r\n\r\n`]: 400,
    [`${line}Host : x\r\n\r\n`]: 400,
    [`${line}Host: x\r\nA: b\nC: d\r\n\r\n`]: 400,
    [`${line}Host: x\r\nA: b\rC: d\r\n\r\n`]: 400,
    [`${line}Host: x\r\nA: \0\r\n\r\n`]: 400,
    [`${line}Host: x\r\n: b\r\n\r\n`]: 400,
    [`${line}Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`]: 400,
    [`${line}Host: x\r\nContent-Length: +1\r\n\r\n`]: 400,
    [`${line}Host: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n`]: 400,
    [`${line}Host: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`]: 400,
    [`${line}Host: x\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`]: 400,
    [`${line}Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`]: 400,
    [`${line}Host: x\r\nX-Vault-Token: a\r\nX-Vault-Token: b\r\n\r\n`]: 400,
    [`${line}Host: x\r\nA: ${'b'.repeat(LIMITS.requestHeadBytesMax)}\r\n\r\n`]: 431,
    [`${line}Host: x\r\n${'a: b\r\n'.repeat(LIMITS.requestHeadersMax)}\r\n`]: 431,
    'LIST /api/v1/secrets HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'LIST / HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'LIST /v1 HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'LISTX /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'LINT /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'SCAN /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'FOO /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    'list /v1/a HTTP/1.1\r\nHost: x\r\n\r\n': 405,
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc': 400,
    '/v1/a\r\n\r\n': 400,
  }
  for (const [text, status] of Object.entries(bad)) {
    const answers = answersIn(await talk([text]))
    expect(
      answers.map((answer) => answer.status),
      JSON.stringify(text.slice(0, 80)),
    ).toEqual([status])
    const vault = status === 405 && text.includes(' /v1/')
    expect(answers[0]?.headers).toContain(vault ? 'application/json' : 'application/problem+json')
    if (vault) expect(answers[0]?.body).toBe('{"errors":[]}')
    expect(answers[0]?.headers.includes('allow: get')).toBe(status === 405)
  }
  expect(seen).toEqual([])
  expect(refused).toBe(Object.keys(bad).length)
})

test('a head of exactly requestHeadBytesMax is read, one byte more is not', () => {
  const head = (size: number) => {
    const frame = 'LIST /v1/a HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n'
    return Buffer.from(frame.replace('A: ', `A: ${'b'.repeat(size - frame.length)}`))
  }
  expect(parseListHead(head(LIMITS.requestHeadBytesMax)).state).toBe('complete')
  expect(parseListHead(head(LIMITS.requestHeadBytesMax + 1))).toEqual({
    state: 'refused',
    status: 431,
  })
  const fields = (count: number) =>
    `LIST /v1/a HTTP/1.1\r\nhost: x\r\n${'a: b\r\n'.repeat(count - 1)}\r\n`
  expect(parseListHead(Buffer.from(fields(LIMITS.requestHeadersMax))).state).toBe('complete')
  expect(parseListHead(Buffer.from(fields(LIMITS.requestHeadersMax + 1))).state).toBe('refused')
})

test('whatever else the query says, it is a list', () => {
  expect(asGet('/v1/a')).toBe('/v1/a?list=true')
  expect(asGet('/v1/a?list=false&after=b&list&x=1')).toBe('/v1/a?after=b&x=1&list=true')
  expect(asGet('/v1/a?b?c')).toBe('/v1/a?b?c&list=true')
})

test('random bytes never crash it, and never become a request', async () => {
  const random = seededRandom('list noise')
  const alphabet = 'LIST /v1/aGEPO:HTTP/1.\r\n\r\n\0\x80x '
  const pick = () => alphabet[(random(1)[0] ?? 0) % alphabet.length] ?? ''
  const noise = () => Array.from({ length: (random(1)[0] ?? 0) % 90 }, pick).join('')
  const rounds = Array.from({ length: 120 }, async (_, round) => {
    const connection = await rawConnection(plain.port)
    await connection.say(round % 2 === 0 ? `LIST ${noise()}` : noise())
    await connection.say(noise())
    connection.socket.end()
    return connection.heard()
  })
  await Promise.all(rounds)
  for (const line of seen) expect(line).toMatch(/^GET \/v1\//)
  expect(answersIn(await talk([LIST]))[0]?.status).toBe(200)
})
