import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ADMIN, startTestServer } from '../../server/test-server.ts'

const BIN = join(import.meta.dirname, '../test-main.ts')
const server = await startTestServer()
const admin = server.platform.as(ADMIN)
const dir = mkdtempSync(join(tmpdir(), 'coffer-run-'))
afterAll(async () => {
  await server.close()
  rmSync(dir, { recursive: true, force: true })
})
await admin.write('e/web/db-url', { value: 'postgres://x' })
await admin.write('e/web/token', { value: 'abc', envName: 'APP_TOKEN' })

const env = {
  PATH: process.env.PATH ?? '',
  HOME: dir,
  COFFER_ADDR: server.url,
  COFFER_TOKEN: server.adminToken,
}

/** Asynchronous: the server is in this process. */
function coffer(args: readonly string[], more: Record<string, string> = {}) {
  const child = spawn(process.execPath, [BIN, ...args], { env: { ...env, ...more }, cwd: dir })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()))
  child.stdin.end()
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

test('a command has the secrets of a server, and neither its token nor where that is', async () => {
  const file = join(dir, 'token')
  writeFileSync(file, server.adminToken)
  const more = { COFFER_TOKEN_FILE: file }
  const { code, out, err } = await coffer(['run', '--prefix', 'e/web', '--', 'env'], more)
  expect([code, err]).toEqual([0, ''])
  expect(out).toContain('DB_URL=postgres://x\n')
  expect(out).toContain('APP_TOKEN=abc\n')
  expect(out).not.toContain(server.adminToken)
  expect(out).not.toMatch(/COFFER_TOKEN/)
})

test('files are kept current from a server, and removed when the command ends', async () => {
  const files = join(dir, 'secrets')
  const script = `
    cat ${files}/db-url; echo
    while ! grep -q changed ${files}/db-url; do sleep 0.05; done
    cat ${files}/db-url`
  const args = ['run', '--prefix', 'e/web', '--files', files, '--', 'sh', '-c', script]
  const running = coffer(args)
  await expect.poll(() => existsSync(join(files, 'db-url')), { timeout: 5_000 }).toBe(true)
  await new Promise((resolve) => setTimeout(resolve, 800))
  await admin.write('e/web/db-url', { value: 'changed' })
  expect(await running).toEqual({ code: 0, out: 'postgres://x\nchanged', err: '' })
  await expect.poll(() => existsSync(files), { timeout: 3_000 }).toBe(false)
}, 20_000)

test('get at a server loads neither a store nor cryptography nor a schema library', async () => {
  const hook = join(dir, 'hook.mjs')
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
     import { appendFileSync } from 'node:fs'
     registerHooks({ load(url, context, next) {
       appendFileSync(${JSON.stringify(join(dir, 'loaded'))}, url + '\\n')
       return next(url, context)
     } })`,
  )
  const more = { NODE_OPTIONS: `--import=${hook}` }
  const { code, out } = await coffer(['get', 'e/web/token'], more)
  expect([code, out]).toEqual([0, 'abc'])
  const loaded = readFileSync(join(dir, 'loaded'), 'utf8').split('\n')
  expect(loaded.filter((url) => url.includes('/src/client/')).length).toBeGreaterThan(5)
  const heavy =
    /node_modules|\/src\/(?:crypto|engine|compose|server|adapters)\b|node:(?:sqlite|tls|https)$/
  expect(loaded.filter((url) => heavy.test(url))).toEqual([])
  expect(loaded.length).toBeLessThan(70)
})

test('the program itself says what a command needs', () => {
  const { status, stderr } = spawnSync(process.execPath, [BIN, 'get', 'e/x'], {
    env: { ...env, COFFER_ADDR: 'http://coffer.example' },
    encoding: 'utf8',
  })
  expect(status).toBe(64)
  expect(stderr).toMatch(/plain HTTP/)
})
