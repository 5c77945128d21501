import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { writeLogin } from '../cli/logins.ts'
import { LIMITS } from '../core/limits.ts'
import { openCoffer } from '../index.ts'
import { startTestServer } from '../server/test-server.ts'
import type { TestServer } from '../server/test-server.ts'
import { refusalOf } from '../testing/refusal.ts'
import { loginFile, readLogin } from './kept-login.ts'

let server: TestServer
let dir: string
let env: Record<string, string>
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server.close())
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'coffer-login-'))
  env = { COFFER_CONFIG_DIR: dir, COFFER_ADDR: server.url }
})
afterEach(() => rmSync(dir, { recursive: true }))

async function actor(more: Record<string, string> = {}): Promise<string | undefined> {
  await using coffer = await openCoffer({ env: { ...env, ...more } })
  return (await coffer.access.actors())[0]?.name
}

test('a program is who logged in at its address', async () => {
  writeLogin(loginFile(env, server.url), server.adminToken)
  expect(await actor()).toBe('local:admin')
  expect(await actor({ COFFER_ADDR: `${server.url}/` })).toBe('local:admin')
})

test('what the environment names comes first, and is not made up for by a login', async () => {
  writeLogin(loginFile(env, server.url), server.adminToken)
  expect((await refusalOf(() => actor({ COFFER_TOKEN: 'bad' }))).code).toBe('unauthenticated')
  const away = { COFFER_TOKEN_FILE: join(dir, 'away') }
  expect((await refusalOf(() => actor(away))).code).toBe('unauthenticated')
})

test('a token for one address is brought to no other', async () => {
  writeLogin(loginFile(env, 'https://coffer.example:8200'), server.adminToken)
  const { code, remedy } = await refusalOf(() => actor())
  expect([code, remedy]).toEqual(['unauthenticated', expect.stringContaining('coffer login')])
})

test('a file that others can read is refused, and its token not shown', async () => {
  const file = loginFile(env, server.url)
  writeLogin(file, server.adminToken)
  chmodSync(file, 0o640)
  const refusal = await refusalOf(() => actor())
  expect(refusal.code).toBe('key_exposed')
  expect(JSON.stringify(refusal)).not.toContain(server.adminToken)
})

test('a token has its limit, and a file without one is absent', async () => {
  const file = join(dir, 'token')
  expect(await readLogin(file)).toBeUndefined()
  const most = 'x'.repeat(LIMITS.bearerCharsMax)
  writeFileSync(file, `${most}\n`, { mode: 0o600 })
  expect(await readLogin(file)).toBe(most)
  writeFileSync(file, `${most}x\n`, { mode: 0o600 })
  expect((await refusalOf(() => readLogin(file))).code).toBe('unavailable')
})
