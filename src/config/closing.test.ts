import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectCoffer } from '../client/connect.ts'
import { fakeServer, json, problem } from '../client/test-fake.ts'
import type { FakeServer } from '../client/test-fake.ts'
import { CofferError } from '../core/errors.ts'
import { memoryProvider } from './providers.ts'
import { defineConfig, secretRef } from './index.ts'

const REFUSED = problem(new CofferError('invalid_argument', 'No.'))
let dir: string
let server: FakeServer
beforeEach(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-closing-'))
  server = await fakeServer([
    (response, seen, socket) => {
      const reply = seen.body.includes('absent') ? REFUSED : json({ answers: [{ value: null }] })
      reply(response, seen, socket)
    },
  ])
})
afterEach(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

const config = (key: string) =>
  defineConfig(
    { s: secretRef({ provider: 'p', path: key }).optional() },
    { providers: () => ({ p: { kind: 'coffer', address: server.url } }) },
  )
const load = () => ({ processEnv: { COFFER_TOKEN: 'coffer_t', COFFER_STATE_DIR: dir } })
async function none(): Promise<void> {
  // The server itself ends what is idle after 5 s.
  await expect.poll(async () => server.connections(), { timeout: 4_000 }).toBe(0)
}

test('connections of a load that failed, of a check and of an environment are closed', async () => {
  await expect(config('absent').load(load())).rejects.toThrow('problem')
  await none()
  expect((await config('a').check(load())).ok).toBe(true)
  await none()
  expect((await config('absent').check(load())).ok).toBe(false)
  await none()
  await config('a').resolveEnvironment(load())
  await none()
  await expect(config('absent').resolveEnvironment(load())).rejects.toThrow('problem')
  await none()
  expect(server.seen.length).toBeGreaterThan(4)
})

test('after a load that succeeded, what can be watched stays open for onChange', async () => {
  await config('a').load(load())
  expect(await server.connections()).toBe(1)
})

test('what a program gave stays open, whatever became of the load', async () => {
  let closed = 0
  const given = { ...memoryProvider(), close: async () => void closed++ }
  await using coffer = connectCoffer({ address: server.url, token: 'coffer_t' })
  const both = defineConfig({ s: secretRef('p:a'), t: secretRef('absent') })
  const options = { ...load(), coffer, providers: { p: given } }
  await expect(both.load(options)).rejects.toThrow('2 problems')
  expect((await both.check(options)).ok).toBe(false)
  expect([closed, await server.connections()]).toEqual([0, 1])
})
