import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { expect, test } from 'vitest'
import { adoptProjectDir } from '../project-dir.ts'
import { bench } from '../test-world.ts'

test('init makes a store once, and says where what it needs is', async () => {
  await using store = await bench({ bare: true })
  const keyless = { COFFER_MASTER_KEY: undefined }
  const first = await store.run(['init'], { env: keyless })
  expect(first.code, first.err).toBe(0)
  const key = /The root key is in (\S+)\./.exec(first.err)?.[1] ?? ''
  expect(existsSync(key), first.err).toBe(true)
  expect(key.startsWith(join(store.dir, 'data'))).toBe(false)
  expect((await store.run(['init'], { env: keyless })).code).toBe(73)
  expect((await store.run(['list'], { env: keyless })).code).toBe(0)
  const other = join(store.dir, 'other')
  const chosen = await store.run(['init', '--data-dir', other], { env: keyless })
  expect(chosen.err).toContain(`COFFER_DATA_DIR=${other}`)
})

test('a wrong key is refused, named by fingerprint', async () => {
  await using store = await bench()
  const env = { COFFER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') }
  const { code, err } = await store.run(['list'], { env })
  expect(code).toBe(78)
  expect(err).toMatch(/[0-9a-f]{16}/)
  expect((await store.run(['list'], { env: { COFFER_MASTER_KEY: undefined } })).code).toBe(69)
})

test('where nothing was made, every command says how to make it', async () => {
  await using store = await bench({ bare: true })
  const { code, err } = await store.run(['list'])
  expect([code, err.includes('coffer init')]).toEqual([66, true])
})

test('a project of its own: recorded in coffer.yaml, ignored by git, found from below', async () => {
  await using store = await bench({ bare: true })
  const project = join(store.dir, 'work')
  const below = join(project, 'src', 'deep')
  mkdirSync(join(project, '.git'), { recursive: true })
  mkdirSync(below, { recursive: true })
  writeFileSync(join(project, '.gitignore'), 'node_modules')
  expect(adoptProjectDir(below)).toHaveLength(2)
  expect(adoptProjectDir(below)).toEqual([])
  expect(readFileSync(join(project, '.gitignore'), 'utf8')).toBe('node_modules\n.coffer/\n')
  expect(readFileSync(join(project, 'coffer.yaml'), 'utf8')).toBe('dataDir: .coffer\n')
  const env = { COFFER_DATA_DIR: undefined }
  const made = await store.run(['init', '--json'], { env, cwd: below })
  expect(made.json()).toMatchObject({ dataDir: join(project, '.coffer') })
  await store.run(['set', 'p/a'], { env, cwd: project, input: 'x' })
  expect((await store.run(['get', 'p/a'], { env, cwd: below })).out).toBe('x')
})

test('audit: what was done is listed, proven, exported, and a change is found', async () => {
  await using store = await bench()
  const { run, dir } = store
  await run(['set', 'a/b'], { input: 'x' })
  await run(['get', 'a/b', '--as', 'local:stranger'])
  const denied = (await run(['audit', 'query', '--outcome', 'denied', '--json'])).json<{
    entries: object[]
  }>()
  expect(denied.entries).toMatchObject([
    { actor: 'local:stranger', action: 'read', resource: 'a/b' },
  ])
  expect(JSON.stringify(denied.entries)).toContain('cli by local:')
  const verified = await run(['audit', 'verify'])
  expect([verified.code, /^audit verified: \d+ events\n$/.test(verified.out)]).toEqual([0, true])
  const head = await run(['audit', 'head', '--json'])
  const witness = join(dir, 'head.json')
  writeFileSync(witness, head.out)
  expect((await run(['audit', 'verify', '--checkpoint', witness])).code).toBe(0)
  writeFileSync(witness, JSON.stringify({ ...head.json(), seq: 1_000_000 }))
  expect((await run(['list', '--checkpoint', witness])).code).not.toBe(0)
  await run(['audit', 'export', '--out', join(dir, 'log.jsonl')])
  expect(readFileSync(join(dir, 'log.jsonl'), 'utf8')).toContain('local:stranger')
  const logs = join(dir, 'data', 'audit')
  const segment = readdirSync(logs).find((name) => name.endsWith('.jsonl')) ?? ''
  const text = readFileSync(join(logs, segment), 'utf8')
  writeFileSync(join(logs, segment), text.replace('local:stranger', 'local:somebody'))
  const found = await run(['audit', 'verify'])
  expect([found.code, found.out.includes('first bad entry')], found.out + found.err).toEqual([
    65,
    true,
  ])
})

test('audit verify --file: anyone with the public key can check an export', async () => {
  await using store = await bench()
  const { run, dir } = store
  await run(['set', 'a/b'], { input: 'x' })
  const file = join(dir, 'log.jsonl')
  await run(['audit', 'export', '--out', file])
  const { storeId } = (await run(['key', 'status', '--json'])).json<{ storeId: string }>()
  const key = join(dir, 'data', 'audit', 'public-key.pem')
  const check = (log = file, ...more: string[]) =>
    run(['audit', 'verify', '--file', log, '--public-key', key, '--store-id', storeId, ...more], {
      env: { COFFER_MASTER_KEY: undefined, COFFER_DATA_DIR: join(dir, 'elsewhere') },
    })
  expect((await check()).out).toMatch(/^audit verified: \d+ events\n$/)
  const witness = join(dir, 'head.json')
  writeFileSync(witness, (await run(['audit', 'head', '--json'])).out)
  expect((await check(file, '--checkpoint', witness)).out).toContain('the tail was cut')
  expect((await check(file, '--checkpoint', join(dir, 'none'))).code).toBe(66)
  await run(['audit', 'export', '--out', file])
  expect((await check(file, '--checkpoint', witness)).code).toBe(0)
  writeFileSync(file, readFileSync(file, 'utf8').replace('"a/b"', '"a/c"'))
  expect((await check()).code).toBe(65)
  expect((await check(join(dir, 'none'))).code).toBe(66)
  expect((await run(['audit', 'verify', '--file', file])).code).toBe(64)
})

test('audit tail -f prints what comes, until interrupted', async () => {
  await using store = await bench()
  const stop = new AbortController()
  const following = store.run(['audit', 'tail', '-f', '--json'], { interrupt: stop.signal })
  await store.run(['set', 'a/later'], { input: 'x' })
  setTimeout(() => stop.abort(), 2_000)
  const { code, out } = await following
  expect(code).toBe(0)
  expect(out).toContain('a/later')
})

test('audit tail -f stays, and takes its turn at the background sweep', async () => {
  await using store = await bench()
  const real = await import('../../compose.ts')
  let sweeping = 0
  const openPlatform: typeof real.openPlatform = async (options) => {
    const platform = await real.openPlatform(options)
    const startSweeping = (everyMs?: number) => {
      sweeping++
      return platform.startSweeping(everyMs)
    }
    return { ...platform, startSweeping }
  }
  const compose = async () => ({ ...real, openPlatform })
  await store.run(['audit', 'tail'], { compose })
  expect(sweeping).toBe(0)
  await store.run(['audit', 'tail', '-f'], { compose, interrupt: AbortSignal.timeout(300) })
  expect(sweeping).toBe(1)
})

test('policies, roles and actors decide what the others may do', async () => {
  await using store = await bench()
  const { run, dir } = store
  const file = join(dir, 'ci.json')
  const rules = [{ effect: 'allow', actions: ['read'], paths: ['shop/**'] }]
  writeFileSync(file, JSON.stringify({ name: 'ci', rules }))
  await run(['set', 'shop/a'], { input: 'x' })
  expect((await run(['policy', 'put', file])).code).toBe(0)
  expect((await run(['role', 'put', 'deployer', '--policy', 'ci'])).code).toBe(0)
  expect((await run(['actor', 'grant', 'service:ci', '--role', 'deployer'])).code).toBe(0)
  expect((await run(['get', 'shop/a', '--as', 'service:ci'])).out).toBe('x')
  expect((await run(['set', 'shop/a', '--as', 'service:ci'], { input: 'y' })).code).toBe(77)
  const asked = await run([
    'policy',
    'test',
    '--actor',
    'service:ci',
    '--action',
    'write',
    'shop/a',
  ])
  expect([asked.code, asked.out.startsWith('denied')]).toEqual([77, true])
  const who = (await run(['policy', 'who', 'shop/a', '--all'])).out
  expect(who).toMatch(/service:ci +yes +policy ci, rule 1\n/)
  const why = (await run(['policy', 'who', 'shop/a', '--why'])).out
  expect(why).toMatch(/role deployer has policy ci → policy ci, rule 1: allow /)
  expect(JSON.parse((await run(['policy', 'show', 'ci'])).out)).toMatchObject({ rules })
  expect((await run(['actor', 'revoke', 'service:ci', '--role', 'deployer'])).code).toBe(0)
  expect((await run(['get', 'shop/a', '--as', 'service:ci'])).code).toBe(77)
  expect((await run(['policy', 'delete', 'ci'])).code).toBe(64)
  expect((await run(['role', 'delete', 'deployer', '--yes'])).code).toBe(0)
  expect((await run(['policy', 'delete', 'ci', '--yes'])).code).toBe(0)
  writeFileSync(file, '{"name":"ci","rules":[],"extra":1}')
  expect((await run(['policy', 'put', file])).err).toContain('code: invalid_policy')
})

test('a backup is inspected before anything is touched, then restored', async () => {
  await using store = await bench()
  const { run, dir } = store
  await run(['set', 'b/a'], { input: 'kept' })
  const identity = await generateIdentity()
  const identityFile = join(dir, 'identity')
  writeFileSync(identityFile, `# for tests\n${identity}\n`, { mode: 0o600 })
  const file = join(dir, 'backup')
  const key = ['--identity-file', identityFile]
  const recipient = ['--recipient', await identityToRecipient(identity)]
  const made = await run(['backup', file, ...recipient])
  expect(made.code, made.err).toBe(0)
  expect((await run(['backup', file])).code).toBe(64)
  const nowhere = await run(['backup', join(dir, 'no', 'backup'), ...recipient])
  expect([nowhere.code, nowhere.err]).toMatchObject([66, expect.stringContaining('no folder')])
  const there = ['--data-dir', join(dir, 'restored')]
  const lacking = { COFFER_MASTER_KEY: Buffer.alloc(32, 1).toString('base64') }
  const refused = await run(['restore', file, ...key, ...there], { env: lacking })
  expect(refused.code).toBe(78)
  expect(existsSync(join(dir, 'restored'))).toBe(false)
  const looked = await run(['restore', file, ...key, ...there, '--inspect'])
  expect([looked.code, looked.out.includes('held here')], looked.err).toEqual([0, true])
  const restored = await run(['restore', file, ...key, ...there])
  expect(restored.code, restored.err).toBe(0)
  expect((await run(['get', 'b/a', ...there])).out).toBe('kept')
  expect((await run(['restore', file, ...key, ...there])).code).toBe(73)
  appendFileSync(file, 'x')
  expect((await run(['restore', file, ...key, '--data-dir', join(dir, 'third')])).code).toBe(65)
})

test('a damaged store: every command names the doctor, and the doctor names what comes next', async () => {
  await using store = await bench()
  writeFileSync(join(store.dir, 'data', 'coffer.db'), 'not a database, but long enough '.repeat(9))
  const [list, doctor] = [await store.run(['list']), await store.run(['doctor'])]
  expect([list.code, doctor.code]).toEqual([65, 65])
  expect(list.err).toContain('coffer doctor')
  expect(doctor.err).toContain('try: Keep a copy of it, then restore a backup')
})

test('a refused argument leads to the help of its command', async () => {
  await using store = await bench()
  const refused = [
    [['list', '--older-than', 'x'], 'list'],
    [['list', '--limit', '1', '--limit', '2'], 'list'],
    [['audit', 'query', '--since', 'x'], 'audit query'],
  ] as const
  for (const [args, name] of refused) {
    const { code, err } = await store.run(args)
    expect([code, err.includes(`See \`coffer ${name} --help\`.`)], err).toEqual([64, true])
  }
})

test('doctor and sweep report, and their exit codes say so', async () => {
  await using store = await bench()
  await store.run(['set', 'd/a'], { input: 'x' })
  expect((await store.run(['doctor', '--json'])).json()).toMatchObject({ ok: true })
  expect((await store.run(['sweep', '--json'])).json()).toMatchObject({ digestOk: true })
  expect((await store.run(['doctor', '--accept-restored'])).code).toBe(64)
})

test('with --as, the events of operators say who really sat there', async () => {
  await using store = await bench()
  const as = ['--as', 'service:other']
  await store.run(['actor', 'grant', 'service:other', '--policy', 'admin'])
  const recipient = await identityToRecipient(await generateIdentity())
  for (const [action, command] of [
    ['key.rotate', ['key', 'rotate']],
    ['backup', ['backup', join(store.dir, 'b'), '--recipient', recipient]],
    ['sweep', ['sweep']],
    ['describe', ['doctor']],
  ] as const) {
    const done = await store.run([...as, ...command])
    expect(done.code, done.err).toBe(0)
    const trail = await store.run(['audit', 'query', '--action', action, '--limit', '1', '--json'])
    expect(trail.out).toMatch(/"via": "cli by local:/)
  }
  expect((await store.run(['--as', 'system:coffer', 'key', 'rotate'])).code).toBe(64)
})

test('help and version need no store; unknown words get a suggestion and 64', async () => {
  await using store = await bench({ bare: true })
  for (const args of [
    [],
    ['help'],
    ['help', 'audit', 'verify'],
    ['run', '--help'],
    ['version'],
    ['--version'],
  ]) {
    expect((await store.run(args)).code, args.join(' ')).toBe(0)
  }
  const command = await store.run(['lst'])
  expect([command.code, command.err.includes('Did you mean list?')]).toEqual([64, true])
  const option = await store.run(['list', '--ownr', 'x'])
  expect([option.code, option.err.includes('Did you mean --owner?')]).toEqual([64, true])
  expect((await store.run(['audit'])).code).toBe(64)
  expect((await store.run(['audit', 'vrify'])).err).toContain('Did you mean verify?')
})

test('a backup under a passphrase asks for it twice when it is made', async () => {
  await using store = await bench()
  const file = join(store.dir, 'backup')
  const differ = await store.run(['backup', file], { tty: true, answers: ['one', 'two'] })
  expect([differ.code, existsSync(file)]).toEqual([78, false])
  expect((await store.run(['backup', file])).err).toContain('--recipient')
})

/** Somebody who may not write to the root of the file system: another user where we are root. */
const USER = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const MAIN = join(import.meta.dirname, '../test-main.ts')
const canRun = spawnSync(process.execPath, [MAIN, 'version'], USER).status === 0

test.skipIf(!canRun)(
  'where /data/secrets cannot be made, the project gets a store of its own',
  async () => {
    await using store = await bench({ bare: true })
    const work = join(store.dir, 'work')
    mkdirSync(join(work, '.git'))
    for (const folder of [store.dir, work]) chmodSync(folder, 0o777)
    const env = { ...store.env, COFFER_DATA_DIR: undefined } as NodeJS.ProcessEnv
    const go = (...args: string[]) =>
      spawnSync(process.execPath, [MAIN, ...args], {
        ...USER,
        cwd: work,
        env,
        encoding: 'utf8',
        input: 'x',
      })
    const made = go('init')
    expect(made.status, made.stderr).toBe(0)
    expect(made.stderr).toContain('/data/secrets cannot be made here')
    expect(readFileSync(join(work, 'coffer.yaml'), 'utf8')).toBe('dataDir: .coffer\n')
    expect(readFileSync(join(work, '.gitignore'), 'utf8')).toBe('.coffer/\n')
    expect(go('set', 'a/b').status).toBe(0)
    expect(go('get', 'a/b').stdout).toBe('x')
  },
)
