import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestServer } from '../server/test-server.ts'
import type { TestServer } from '../server/test-server.ts'
import { bench } from './test-world.ts'
import type { Bench, Ran, RunOptions } from './test-world.ts'

let server: TestServer
let local: Bench
let remote: Bench
beforeAll(async () => {
  server = await startTestServer()
  local = await bench()
  remote = await bench({ bare: true })
})
afterAll(async () => {
  await local[Symbol.asyncDispose]()
  await remote[Symbol.asyncDispose]()
  await server.close()
})

/** No store and no key: only the server. */
const serverEnv = () => ({
  COFFER_DATA_DIR: undefined,
  COFFER_MASTER_KEY: undefined,
  COFFER_ADDR: server.url,
  COFFER_TOKEN: server.adminToken,
})

const atServer = (args: readonly string[], options: RunOptions = {}): Promise<Ran> =>
  remote.run(args, { ...options, env: { ...serverEnv(), ...options.env } })

interface Step {
  readonly args: readonly string[]
  readonly input?: string
}
const step = (line: string, input?: string): Step => ({
  args: line.split(' '),
  ...(input === undefined ? {} : { input }),
})

/** A day's work, in order. */
const STEPS: readonly Step[] = [
  step('set shop/dev/api/db-url --owner me --tag team=web', 'postgres://x'),
  step('set shop/dev/api/db-url', 'postgres://y'),
  step('set shop/dev/api/binary --type binary --raw', 'a\0b'),
  step('set shop/dev/api/key --generate --length 12 --quiet'),
  step('import FILE --prefix shop/dev/web --infer-types'),
  step('get shop/dev/api/db-url'),
  step('get shop/dev/api/db-url --version 1 --json'),
  step('get shop/dev/api/binary --json'),
  step('get shop/dev/api/nothing'),
  step('get shop/dev//nothing'),
  step('list'),
  step('list shop --json --limit 2'),
  step('list --tag team=web'),
  step('list --owner you'),
  step('show shop/dev/api/db-url'),
  step('history shop/dev/api/db-url --json'),
  step('update shop/dev/api/db-url --description what --json'),
  step('label shop/dev/api/db-url blue --to 1'),
  step('rollback shop/dev/api/db-url'),
  step('disable shop/dev/api/db-url --version 2'),
  step('enable shop/dev/api/db-url --version 2'),
  step('rotate shop/dev/api/key'),
  step('rotate --due'),
  step('export shop/dev/web --format json'),
  step('check --prefix shop/dev/web'),
  step('check --prefix shop/dev/api'),
  step('destroy shop/dev/api/key --version 1 --yes'),
  step('delete shop/dev/api/key'),
  step('get shop/dev/api/key'),
  step('undelete shop/dev/api/key'),
  step('policy put POLICY'),
  step('policy list'),
  step('policy show readers'),
  step('policy delete nothing --yes'),
  step('role put crew --policy readers'),
  step('actor grant service:ci --role crew'),
  step('actor list --json'),
  step('policy test --actor service:ci --action read shop/dev/api/db-url'),
  step('policy who --action read shop/dev/api/db-url'),
  step('actor delete service:ci --yes'),
]

/** What they say differs in numbers, times and fingerprints. */
const LOOSE: readonly Step[] = [
  step('token create --policy readers --ttl 1h'),
  step('token create --policy nothing'),
  step('access-key create --policy readers --json'),
  step('access-key list'),
  step('access-key delete AKIANOTHING --yes'),
  step('role create web --policy readers --ttl 1h'),
  step('role create web --policy readers --ttl 2h --json'),
  step('role secret-id web --uses 1 --json'),
  step('role list --login'),
  step('role delete web --login --yes'),
  step('jwt put ci --jwks-url https://ci.example/keys'),
  step('jwt role ci deploy --policy readers --audience coffer'),
  step('jwt list'),
  step('jwt delete ci --yes'),
  step('audit query --action rotate --path shop/dev/api/*'),
  step('audit query --since nonsense'),
  step('audit head'),
  step('audit verify'),
  step('key status'),
  step('key rotate'),
  step('doctor'),
  step('sweep'),
]

test('every command says at a server what it says of a local store', async () => {
  for (const { args, input } of [...STEPS, ...LOOSE]) {
    const run = input === undefined ? {} : { input }
    const filled = (dir: string) =>
      args.map((word) => (word in FILES ? fileIn(dir, word as keyof typeof FILES) : word))
    const here = await local.run(filled(local.dir), run)
    const there = await atServer(filled(remote.dir), run)
    const name = args.join(' ')
    expect(there.code, `${name}: ${there.err}`).toBe(here.code)
    const shown = (text: string, dir: string) =>
      LOOSE.some((one) => one.args === args) ? looser(plain(text, dir)) : plain(text, dir)
    expect(shown(there.err, remote.dir), name).toBe(shown(here.err, local.dir))
    expect(shown(there.out, remote.dir), name).toBe(shown(here.out, local.dir))
  }
}, 60_000)

test('a backup of a server is an encrypted file that only its maker can read', async () => {
  const file = join(remote.dir, 'backup.age')
  const passphrase = join(remote.dir, 'passphrase')
  writeFileSync(passphrase, 'correct horse battery staple')
  const args = ['backup', file, '--backup-passphrase-file', passphrase, '--json']
  const { code, err, json } = await atServer(args)
  expect([code, err]).toEqual([0, ''])
  expect(json()).toMatchObject({ file, bytes: statSync(file).size, secrets: expect.any(Number) })
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readFileSync(file, 'latin1')).toMatch(/^age-encryption.org\/v1/)
  const damaged = await atServer([...args, '--with-damaged'])
  expect([damaged.code, damaged.json()], damaged.err).toMatchObject([0, { damaged: 0 }])
})

test('policy test without an actor asks about whoever has the token', async () => {
  const admin = await atServer(['policy', 'test', 'shop/dev/api/db-url'])
  expect([admin.code, admin.out]).toEqual([0, expect.stringMatching(/^allowed: local:admin read/)])
  const { access, identities } = server.platform.as('local:admin')
  await access.putPolicy({
    name: 'web',
    rules: [{ effect: 'allow', actions: ['read'], paths: ['web/**'] }],
  })
  const { token, record } = await identities.createToken({ policies: ['web'] })
  const env = { COFFER_TOKEN: token.reveal() }
  const own = await atServer(['policy', 'test', 'shop/dev/api/db-url'], { env })
  expect([own.code, own.err]).toEqual([77, ''])
  expect(own.out).toContain(`denied: ${record.actor} read shop/dev/api/db-url`)
  expect(own.out).toContain(`${record.actor} has policies web`)
})

test('an exported audit log is the same bytes at a server', async () => {
  const { out } = await atServer(['audit', 'export'])
  expect(out).toContain('"action":"store.init"')
  const file = join(remote.dir, 'log.jsonl')
  await atServer(['audit', 'export', '--out', file])
  expect(readFileSync(file, 'utf8').startsWith(out)).toBe(true)
})

test('audit tail -f follows a server until it is stopped', async () => {
  const stop = new AbortController()
  const running = atServer(['audit', 'tail', '--limit', '1', '-f', '--json'], {
    interrupt: stop.signal,
  })
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  await atServer(['set', 'shop/dev/followed', '--quiet'], { input: 'CANARY' })
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  stop.abort()
  const { code, out } = await running
  expect(code).toBe(0)
  expect(out).toContain('shop/dev/followed')
  expect(out).not.toContain('CANARY')
})

test.each([
  ['init'],
  ['restore', 'x.age'],
  ['doctor', '--accept-restored', '--yes'],
  ['key', 'reseal', '--seal', 'environment'],
  ['list', '--as', 'local:other'],
  ['list', '--key-file', 'x'],
  ['list', '--seal-option', 'a=b'],
  ['list', '--checkpoint', 'x'],
])('%s %s belongs to a local store, and says so', async (...args) => {
  const { code, err } = await atServer(args)
  expect(code).toBe(64)
  expect(err).toMatch(/server/)
  expect(err).toMatch(/try: .*(--data-dir|audit verify)/)
})

test('a local store that is named comes before COFFER_ADDR, and not beside --address', async () => {
  const dataDir = local.env.COFFER_DATA_DIR ?? ''
  const env = { ...local.env, COFFER_ADDR: 'https://127.0.0.1:1' }
  expect((await local.run(['list', '--data-dir', dataDir], { env })).code).toBe(0)
  const both = await local.run(['list', '--data-dir', dataDir, '--address', server.url], { env })
  expect(both.err).toMatch(/exclude each other/)
})

test('without a token it says how to get one; a wrong one is refused without being shown', async () => {
  const none = await atServer(['list'], { env: { COFFER_TOKEN: '' } })
  expect([none.code, none.err]).toEqual([77, expect.stringMatching(/coffer login/)])
  const wrong = await atServer(['list'], { env: { COFFER_TOKEN: 'CANARY' } })
  expect(wrong.code).toBe(77)
  expect(wrong.err).toMatch(/unauthenticated/)
  expect(wrong.err).not.toContain('CANARY')
})

test('a token is read from a file, and from what login kept', async () => {
  const env = { COFFER_TOKEN: undefined }
  const file = join(remote.dir, 'token')
  writeFileSync(file, `${server.adminToken}\n`)
  expect((await atServer(['list'], { env: { ...env, COFFER_TOKEN_FILE: file } })).code).toBe(0)

  const late = await atServer(['login'], { input: `${server.adminToken}\n` })
  expect(late.err).toMatch(/COFFER_TOKEN is set, and comes before/)
  const login = await atServer(['login'], { env, input: `${server.adminToken}\n` })
  expect([login.code, login.err]).toEqual([0, 'Logged in as local:admin\n'])
  const dir = join(remote.dir, 'config', 'coffer', 'logins')
  const [kept = ''] = readdirSync(dir)
  expect(statSync(join(dir, kept)).mode & 0o777).toBe(0o600)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  expect((await atServer(['list'], { env })).code).toBe(0)
  const other = await atServer(['list'], { env: { ...env, COFFER_ADDR: 'http://127.0.0.1:1' } })
  expect(other.err).toMatch(/no token/)

  expect((await atServer(['logout'], { env })).err).toBe('The token is forgotten.\n')
  expect(existsSync(join(dir, kept))).toBe(false)
  expect((await atServer(['list'], { env })).code).toBe(77)
  expect((await atServer(['logout'], { env })).err).toMatch(/no token to forget/)
})

test('login takes a role id with its secret id, and logout can revoke', async () => {
  const env = { COFFER_TOKEN: undefined }
  const { identities, access } = server.platform.as('local:admin')
  await access.putPolicy({
    name: 'lists',
    rules: [{ effect: 'allow', actions: ['list'], paths: ['**'] }],
  })
  const role = await identities.putAppRole({
    mount: 'approle',
    name: 'ci',
    token: { policies: ['lists'] },
  })
  const { secretId } = await identities.createSecretId('approle', 'ci')
  const args = ['login', '--role-id', role.roleId]
  const { code, err } = await atServer(args, { env, input: secretId.reveal() })
  expect([code, err]).toEqual([0, expect.stringMatching(/^Logged in as approle:ci until /)])
  expect((await atServer(['list'], { env })).code).toBe(0)
  const wrong = await atServer(args, { env, input: 'CANARY' })
  expect([wrong.code, wrong.err]).toEqual([77, expect.not.stringContaining('CANARY')])
  expect((await atServer(['logout', '--revoke'], { env })).err).toMatch(/forgotten and revoked/)
  expect((await atServer(args, { env, input: secretId.reveal() })).code).toBe(0)
  const [token] = (await identities.tokens()).items.filter(({ actor }) => actor === 'approle:ci')
  await identities.revokeToken({ accessor: token?.accessor ?? '' })
  expect((await atServer(['logout', '--revoke'], { env })).err).toBe('The token is forgotten.\n')
  const own = (await identities.tokens()).items.filter(({ actor }) => actor === 'approle:ci')
  expect(own).toEqual([])
})

const FILES = {
  FILE: 'PORT=3000\nAPI_TOKEN=CANARY\n',
  POLICY: '{"name":"readers","rules":[{"effect":"allow","actions":["read"],"paths":["shop/**"]}]}',
}

function fileIn(dir: string, name: keyof typeof FILES): string {
  const folder = join(dir, 'files')
  mkdirSync(folder, { recursive: true })
  const file = join(folder, name === 'FILE' ? '.env' : 'policy.json')
  writeFileSync(file, FILES[name])
  return file
}

/** Without what differs between two stores: who, when, how many before, keys and ids. */
const plain = (text: string, dir: string): string =>
  text
    .replaceAll(dir, 'DIR')
    .replace(/\S*coffer-server-\w+/g, 'DIR')
    .replace(/^ *"token": "[0-9a-f-]{36}",?\n/gm, '')
    .replace(/"(generation|cursor|seq|prev|hash|request|via|address)": [^\n,]+/g, '"$1": …')
    .replace(/\blocal:\w+/g, 'local:me')
    .replace(/ {2,}/g, ' ')
    .replace(/\b[0-9a-f]{32}\b/g, 'ID')
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z?/g, 'TIME')

const looser = (text: string): string =>
  text
    // Ids that happen to have no digit.
    .replace(/\b(?:AKIA[A-Z2-7]{16}|[0-9A-Za-z]{24})\b/g, '1')
    .replace(/[^\s(]*\d[^\s)]*/g, 'N')
    .replace(/\b(?:cli|http)\b/g, 'VIA')
