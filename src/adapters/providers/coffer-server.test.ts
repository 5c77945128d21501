import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { fakeServer, json, problem } from '../../client/test-fake.ts'
import { CofferError } from '../../core/errors.ts'
import { ADMIN, startTestServer } from '../../server/test-server.ts'
import { coffer } from './coffer.ts'

let dir: string
beforeEach(() => void (dir = mkdtempSync(path.join(tmpdir(), 'coffer-at-server-'))))
afterEach(() => rmSync(dir, { recursive: true }))

const { signal } = new AbortController()
const refs = [{ provider: 'coffer', key: 'shop/dev/api/db-url' }]

/** A process of its own, as far as the guard can tell: another environment, the same machine. */
const start = (url: string, more: Readonly<Record<string, string>>, options = {}) =>
  coffer({ env: { COFFER_ADDR: url, COFFER_STATE_DIR: dir, ...more }, options })

test('starts with a refused token reach the server a few times, and another token does at once', async () => {
  const refusal = problem(new CofferError('unauthenticated', 'This token is not known.'))
  await using server = await fakeServer([refusal])
  const file = path.join(dir, 'token')
  writeFileSync(file, 'coffer_refused')
  const ask = async () => {
    const provider = start(server.url, {}, { tokenFile: file })
    const [answer] = await provider.resolve(refs, signal)
    await provider.close?.()
    return answer
  }
  for (let i = 0; i < 100; i++) {
    expect(await ask()).toMatchObject({ error: { code: 'unauthenticated' } })
  }
  const calls = server.seen.length
  expect(calls).toBeGreaterThan(0)
  expect(calls).toBeLessThanOrEqual(20)
  writeFileSync(file, 'coffer_another')
  await ask()
  expect(server.seen.length).toBeGreaterThan(calls)
})

test('where it is asked for, the last good value stands in for a server that is gone', async () => {
  const server = await startTestServer()
  const admin = server.platform.as(ADMIN)
  await admin.write('shop/dev/api/db-url', { value: 'postgres://db' })
  const env = { COFFER_TOKEN: server.adminToken, COFFER_OFFLINE_MAX_AGE: '1h' }
  const told: string[] = []
  const provider = (more: Readonly<Record<string, string>>) =>
    coffer({
      env: { COFFER_ADDR: server.url, COFFER_STATE_DIR: dir, ...more },
      options: {},
      onOffline: ({ message }) => void told.push(message),
    })
  const reveal = async (more: Readonly<Record<string, string>>) => {
    const place = provider(more)
    const [answer] = await place.resolve(refs, signal)
    await place.close?.()
    return answer !== undefined && 'value' in answer ? answer.value?.secret.reveal() : answer
  }
  expect(await reveal(env)).toBe('postgres://db')
  await server.close()
  expect(await reveal(env)).toBe('postgres://db')
  expect(told).toHaveLength(1)
  const { COFFER_OFFLINE_MAX_AGE: _age, ...plain } = env
  expect(await reveal(plain)).toMatchObject({ error: { code: 'unavailable' } })
})

test('a call that began before a change does not answer for one after it', async () => {
  await using server = await fakeServer([
    (...about) => void setTimeout(() => json(NOTHING)(...about), 200),
    json(NOTHING),
  ])
  const provider = start(server.url, { COFFER_TOKEN: 'coffer_t' })
  await provider.resolve(refs, signal)
  const first = provider.resolve(refs, signal)
  const second = provider.resolve(refs, signal)
  expect(await Promise.all([first, second])).toEqual([
    [{ value: undefined }],
    [{ value: undefined }],
  ])
  expect(server.seen.length).toBe(3)
  await provider.close?.()
})

const NOTHING = { answers: [{ value: null }] }
