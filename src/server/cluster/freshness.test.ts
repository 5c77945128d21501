import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPlatform } from '../../compose.ts'
import type { Platform } from '../../core/ports/platform.ts'
import { ADMIN, ask, served } from './test-cluster.ts'
import type { Served } from './test-cluster.ts'

/**
 * What was acknowledged to anybody holds for every request that is sent from then on, to whichever
 * process: workers that share looks at the store answer many at once, and must not answer from before.
 */

let server: Served
/** Another process on the same store: this one. */
let beside: Platform
beforeAll(async () => {
  server = await served()
  beside = await openPlatform(server.store)
})
afterAll(async () => {
  await beside.close()
  await server.dispose()
})

interface Asker {
  /** Sends that many requests in one piece; while it goes on, each answer is followed by another. */
  send(count: number): void
  stop(): void
  close(): void
  readonly idle: boolean
  readonly wrong: readonly string[]
  readonly answered: number
}

/** A connection with requests under way, which knows for each what was true when it was sent. */
function asker<T>(
  head: string,
  truth: () => T,
  fits: (answer: { status: number; body: string }, truth: T) => boolean,
): Asker {
  const request = Buffer.from(`${head}\r\nHost: localhost\r\n\r\n`)
  const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1' })
  socket.setNoDelay(true)
  const sentAt: T[] = []
  const wrong: string[] = []
  let heard = ''
  let answered = 0
  let going = true
  const send = (count: number) => {
    for (let i = 0; i < count; i++) sentAt.push(truth())
    socket.write(Buffer.concat(Array<Buffer>(count).fill(request)))
  }
  const judgeOne = (): boolean => {
    const end = heard.indexOf('\r\n\r\n') + 4
    const length = Number(/content-length: (\d+)/i.exec(heard.slice(0, end))?.[1])
    if (end < 4 || heard.length < end + length) return false
    const answer = { status: Number(heard.slice(9, 12)), body: heard.slice(end, end + length) }
    heard = heard.slice(end + length)
    answered += 1
    const known = sentAt.shift() as T
    if (!fits(answer, known)) wrong.push(`${answer.status} where ${String(known)}`)
    if (going) send(1)
    return true
  }
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1')
    while (judgeOne()) continue
  })
  return {
    send,
    stop: () => void (going = false),
    close: () => socket.destroy(),
    get idle() {
      return sentAt.length === 0
    },
    wrong,
    get answered() {
      return answered
    },
  }
}

const CONNECTIONS = 6
const ROUNDS = 6

async function racing(
  make: () => Asker,
  change: (round: number) => Promise<void>,
): Promise<{ wrong: string[]; answered: number }> {
  const askers = Array.from({ length: CONNECTIONS }, make)
  askers.forEach((each, i) => each.send(1 + (i % 3)))
  for (let round = 0; round < ROUNDS; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    await change(round)
    // Sent at once, behind what is under way already on the same connections.
    for (const each of askers) each.send(1)
  }
  for (const each of askers) each.stop()
  await expect.poll(() => askers.every(({ idle }) => idle), { timeout: 10_000 }).toBe(true)
  for (const each of askers) each.close()
  return {
    wrong: askers.flatMap(({ wrong }) => wrong),
    answered: askers.reduce((sum, { answered }) => sum + answered, 0),
  }
}

test('what is sent after a revocation was acknowledged is refused, wherever that was', async () => {
  const admin = beside.as(ADMIN)
  for (const where of ['beside', 'here'] as const) {
    let revoked = false
    const { token } = await admin.identities.createToken({ policies: ['admin'], orphan: true })
    const bearer = token.reveal()
    const head = `GET /api/v1/secrets/a/b HTTP/1.1\r\nAuthorization: Bearer ${bearer}`
    const { wrong, answered } = await racing(
      () =>
        asker(
          head,
          () => revoked,
          ({ status }, truth) => status === 401 || (!truth && status === 200),
        ),
      async (round) => {
        if (round !== 2) return
        if (where === 'beside') await admin.identities.revokeToken({ token: bearer })
        else {
          const url = `${server.url}/api/v1/tokens/revoke`
          expect((await ask(url, 'POST', server.token, { token: bearer })).status).toBe(204)
        }
        revoked = true
      },
    )
    expect(wrong).toEqual([])
    expect(answered).toBeGreaterThan(CONNECTIONS * ROUNDS)
  }
})

test('no read that is sent after a write was acknowledged answers with an older version', async () => {
  const admin = beside.as(ADMIN)
  let newest = (await admin.write('race/x', { value: 'v0' })).version
  const head = `GET /api/v1/secrets/race/x HTTP/1.1\r\nAuthorization: Bearer ${server.token}`
  const { wrong, answered } = await racing(
    () =>
      asker(
        head,
        () => newest,
        ({ status, body }, truth) =>
          status === 200 && (JSON.parse(body) as { version: number }).version >= truth,
      ),
    async (round) => {
      if (round % 2 === 0) newest = (await admin.write('race/x', { value: `v${round}` })).version
      else {
        const url = `${server.url}/api/v1/secrets/race/x`
        const { body } = await ask(url, 'PUT', server.token, { value: `v${round}` })
        newest = (JSON.parse(body) as { version: number }).version
      }
    },
  )
  expect(wrong).toEqual([])
  expect(answered).toBeGreaterThan(CONNECTIONS * ROUNDS)
})
