import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, asked, served } from './test-cluster.ts'
import type { Served } from './test-cluster.ts'

const times = async <T>(n: number, work: (i: number) => Promise<T>): Promise<T[]> => {
  const found: T[] = []
  for (let i = 0; i < n; i++) found.push(await work(i))
  return found
}

/** For a machine that has much else to do. */
const PATIENCE = { timeout: 15_000 }

const READ = '/api/v1/secrets/a/b'

describe('two workers', () => {
  let server: Served
  beforeAll(async () => {
    server = await served({ limits: ['list=1:10'] })
  })
  afterAll(() => server.dispose())

  test('a token that one worker revoked is refused by all on the next request', async () => {
    const { url, get, token } = server
    for (let round = 0; round < 5; round++) {
      const made = await ask(`${url}/api/v1/tokens`, 'POST', token, { policies: ['admin'] })
      const { token: other } = JSON.parse(made.body) as { token: string }
      const before = await times(4, () => get(READ, other))
      expect(before.map(({ status }) => status)).toEqual([200, 200, 200, 200])
      const gone = await ask(`${url}/api/v1/tokens/revoke`, 'POST', token, { token: other })
      expect(gone.status).toBe(204)
      const after = await times(4, () => get(READ, other))
      expect(after.map(({ status }) => status)).toEqual([401, 401, 401, 401])
    }
  })

  test('a limit is one limit, and metrics are one sum, over all workers', async () => {
    const { get } = server
    const startedAt = performance.now()
    const answers = await Promise.all(Array.from({ length: 60 }, () => get('/api/v1/list')))
    const seconds = Math.ceil((performance.now() - startedAt) / 1_000)
    const passed = answers.filter(({ status }) => status === 200).length
    expect(passed).toBeGreaterThanOrEqual(10)
    expect(passed).toBeLessThanOrEqual(10 + seconds)
    const throttled = answers.filter(({ status }) => status === 429).length
    expect(passed + throttled).toBe(60)
    const { body } = await get('/metrics')
    expect(body).toContain(
      `coffer_requests_total{via="http",operation="list",status="2xx"} ${passed}`,
    )
    expect(body).toContain(`coffer_throttled_total{limit="list"} ${throttled}`)
  })

  test('a lockout is one lockout: failures count whichever worker they came to', async () => {
    const { url } = server
    const login = { roleId: 'no-such-role', secretId: 'no-such-secret' }
    const statuses: number[] = []
    for (let i = 0; i < 8; i++) {
      statuses.push((await ask(`${url}/api/v1/login/approle`, 'POST', undefined, login)).status)
    }
    expect(statuses.slice(0, 5)).toEqual([401, 401, 401, 401, 401])
    expect(statuses.slice(6)).toContain(429)
    const other = { ...login, roleId: 'another-role' }
    expect((await ask(`${url}/api/v1/login/approle`, 'POST', undefined, other)).status).toBe(401)
  })

  test('a stop finishes what is under way and leaves no process behind', async () => {
    const { child, pids, get } = server
    const underWay = Promise.all(
      Array.from({ length: 20 }, () =>
        get(READ).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    )
    await new Promise((resolve) => setTimeout(resolve, 5))
    const ended = once(child, 'exit')
    child.send('stop')
    // A connection that came too late is refused; no answer is wrong.
    expect((await underWay).filter((status) => ![0, 200, 503].includes(status))).toEqual([])
    expect((await ended)[0]).toBe(0)
    expect(pids.filter(isAlive)).toEqual([])
  })
})

describe('two workers of a store in shares', () => {
  let server: Served
  beforeAll(async () => {
    server = await served({ shamir: true })
  })
  afterAll(() => server.dispose())

  test('unsealed once is unsealed everywhere, and so is sealed', async () => {
    const { url, get, shares, token } = server
    const sealed = await times(4, () => get(READ))
    expect(sealed.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    for (const [i, share] of shares.slice(1, 4).entries()) {
      const { body } = await ask(`${url}/api/v1/unseal`, 'POST', undefined, { share })
      expect(JSON.parse(body)).toMatchObject({ sealed: i < 2, progress: (i + 1) % 3 })
      const seen = await times(4, () => get('/api/v1/seal-status'))
      expect(seen.map(({ body: told }) => told)).toEqual([body, body, body, body])
    }
    const open = await times(4, () => get(READ))
    expect(open.map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await ask(`${url}/api/v1/seal`, 'POST', token)).status).toBe(204)
    const again = await times(4, () => get(READ))
    expect(again.map(({ status }) => status)).toEqual([503, 503, 503, 503])
    for (const share of shares.slice(0, 3)) {
      await ask(`${url}/api/v1/unseal`, 'POST', undefined, { share })
    }
    expect((await get(READ)).status).toBe(200)
    const audit = await get('/api/v1/audit?action=store.unseal')
    const { items } = JSON.parse(audit.body) as { items: { reason: string; address?: string }[] }
    expect(items.map(({ reason, address }) => [reason, address])).toEqual([
      ['shares 2, 3, 4', '127.0.0.1'],
      ['shares 1, 2, 3', '127.0.0.1'],
    ])
  })

  test('the root key is in no argument and in no variable of a worker', () => {
    for (const pid of server.pids) {
      for (const file of ['cmdline', 'environ']) {
        const text = readFileSync(`/proc/${pid}/${file}`, 'latin1')
        expect(text).not.toMatch(/coffer-share|COFFER_MASTER_KEY|[0-9a-f]{64}/i)
      }
    }
  })

  test('requests are answered while workers are killed, and others take their place, unsealed', async () => {
    const { child, get } = server
    let alive = server.pids
    for (let kill = 0; kill < 3; kill++) {
      const victim = alive.at(-1) ?? 0
      process.kill(victim, 'SIGKILL')
      const answers = await times(10, () =>
        get(READ).then(
          ({ status }) => status,
          () => 0,
        ),
      )
      // A connection that the dead one had may be lost; no answer is wrong.
      expect(answers.filter((status) => status === 200).length).toBeGreaterThanOrEqual(8)
      expect(answers.filter((status) => status !== 200 && status !== 0)).toEqual([])
      await expect
        .poll(async () => {
          alive = (await asked(child, 'pids')).pids ?? []
          return alive.length === 2 && !alive.includes(victim)
        }, PATIENCE)
        .toBe(true)
    }
    await expect
      .poll(async () => (await times(4, () => get(READ))).map(({ status }) => status), PATIENCE)
      .toEqual([200, 200, 200, 200])
  })

  test('workers end with their primary, however it ends', async () => {
    const { child } = server
    const pids = (await asked(child, 'pids')).pids ?? []
    expect(pids).toHaveLength(2)
    child.kill('SIGKILL')
    await once(child, 'exit')
    await expect.poll(() => pids.filter(isAlive), PATIENCE).toEqual([])
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
