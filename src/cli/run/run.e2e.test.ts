import { spawn, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { bench } from '../test-world.ts'

/** From source, whatever was built before. */
const BIN = join(import.meta.dirname, '../test-main.ts')
const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store
const KEY = store.env.COFFER_MASTER_KEY as string
const env = store.env as Record<string, string>

await run(['set', 'e/web/db-url'], { input: 'postgres://x' })
await run(['set', 'e/web/deep/api-key', '--env-name', 'API_KEY'], { input: 'abc' })

const PREFIX = ['run', '--prefix', 'e/web', '--']
const coffer = (
  args: readonly string[],
  options: { input?: string; env?: Record<string, string> } = {},
) =>
  spawnSync(process.execPath, [BIN, ...args], {
    encoding: 'utf8',
    env: { ...env, ...options.env },
    input: options.input ?? '',
  })
const sh = (script: string, input = '') => coffer([...PREFIX, 'sh', '-c', script], { input })

test('the command has the secrets, its arguments as they are, and not the key', () => {
  const { stdout, status } = coffer([
    ...PREFIX,
    'sh',
    '-c',
    'env; printf "%s|" "$@"',
    'x',
    'a b',
    '--json',
    "q'",
  ])
  expect(status).toBe(0)
  expect(stdout).toContain('DB_URL=postgres://x\n')
  expect(stdout).toContain('API_KEY=abc\n')
  expect(stdout.endsWith("a b|--json|q'|")).toBe(true)
  expect(stdout).not.toContain(KEY)
  expect(stdout).not.toContain('COFFER_MASTER_KEY')
})

test.each([[0], [3], [255]])('exit code %i is passed on', (code) => {
  expect(sh(`exit ${code}`).status).toBe(code)
})

test.each([['HUP'], ['SEGV']] as const)("death by %s is the command's own", (signal) => {
  expect(sh(`kill -${signal} $$`).signal).toBe(`SIG${signal}`)
})

test.each([
  ['TERM', 143],
  ['INT', 130],
  ['KILL', 137],
  ['PIPE', 141],
])('a shell sees %s as %i', (signal, code) => {
  const script = `"$0" "$1" run --prefix e/web -- sh -c 'kill -${signal} $$'; echo $?`
  const { stdout } = spawnSync('sh', ['-c', script, process.execPath, BIN], {
    encoding: 'utf8',
    env,
  })
  expect(stdout.trim()).toBe(String(code))
})

test('signals reach the command, which is this very process', async () => {
  const child = spawn(
    process.execPath,
    [
      BIN,
      ...PREFIX,
      'sh',
      '-c',
      'trap "echo got; exit 7" TERM; echo $$; while :; do sleep 0.05; done',
    ],
    { env },
  )
  let out = ''
  child.stdout.on('data', (text) => (out += String(text)))
  while (!out.includes('\n')) await sleep(20)
  expect(Number(out.trim())).toBe(child.pid)
  child.kill('SIGTERM')
  const code = await new Promise((resolve) => child.once('exit', resolve))
  expect([code, out.includes('got')]).toEqual([7, true])
})

test('nothing of Coffer is left that holds the key: not in the command, not in its parent', () => {
  const { stdout } = sh(
    'tr "\\0" "\\n" < /proc/$$/environ; tr "\\0" " " < /proc/$$/cmdline; readlink /proc/$$/exe; ls /proc/$$/fd | tr "\\n" " "; echo; cat /proc/$$/maps',
  )
  expect(stdout).not.toContain(KEY)
  expect(stdout).not.toContain('COFFER_MASTER_KEY')
  expect(stdout).not.toContain('/bin/node')
  expect(stdout).toMatch(/\n0 1 2 (?:\d+ )?\n/)
})

test('stdin passes through unread and blocking', () => {
  expect(sh('cat', 'line one\nline two').stdout).toBe('line one\nline two')
  const { stdout } = sh('head -c 3; grep -E "^flags" /proc/$$/fdinfo/0', 'abcdef')
  expect(stdout).toMatch(/^abcflags:\s+0[0-3]?\d*$/m)
  expect(Number.parseInt(/flags:\s+(\d+)/.exec(stdout)?.[1] ?? '0', 8) & 0o4000).toBe(0)
})

test('SIGPIPE ends a writer quietly, and no signal is ignored or blocked', () => {
  const script = `"$0" "$1" run --prefix e/web -- yes | head -n 1; echo \${PIPESTATUS[0]}`
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, BIN], {
    encoding: 'utf8',
    env,
  })
  expect([stdout, stderr]).toEqual(['y\n141\n', ''])
  const { stdout: status } = coffer([...PREFIX, 'grep', '-E', '^Sig(Ign|Blk)', '/proc/self/status'])
  expect(status).toMatch(/SigBlk:\t0{16}\nSigIgn:\t0{16}\n/)
})

test('not found is 127, not executable 126; a script without #! is run by a shell', () => {
  expect(coffer([...PREFIX, 'no-such-command-here']).status).toBe(127)
  const plain = join(dir, 'plain')
  writeFileSync(plain, 'echo "bare $1"')
  expect(coffer([...PREFIX, plain]).status).toBe(126)
  chmodSync(plain, 0o755)
  expect(coffer([...PREFIX, plain, 'x']).stdout).toBe('bare x\n')
})

test('when a secret cannot be given, nothing is started and everything is listed', async () => {
  for (const [name, options] of [
    ['path', []],
    ['a-b', []],
    ['a/b', []],
    ['off', []],
  ] as const) {
    await run(['set', `e/bad/${name}`, ...options], { input: 'c4n4ry' })
  }
  await run(['disable', 'e/bad/off'])
  const mark = join(dir, 'started')
  const { status, stderr } = coffer(['run', '--prefix', 'e/bad', '--', 'touch', mark])
  expect(status).toBe(78)
  for (const text of ['e/bad/path: env_name_refused', 'env_collision', 'e/bad/off: disabled']) {
    expect(stderr).toContain(text)
  }
  expect(stderr).not.toContain('c4n4ry')
  expect(existsSync(mark)).toBe(false)
  expect(coffer(['run', '--prefix', 'e/nothing', '--', 'touch', mark]).status).toBe(66)
  expect(coffer(['run', '--', 'touch', mark]).status).toBe(64)
  expect(coffer(['run', '--prefix', 'e/web']).status).toBe(64)
})

test('a key under another name is withheld as well, told now or when the store was made', async () => {
  await using other = await bench({ bare: true })
  const named = {
    MY_ROOT: KEY,
    APP_KEY: Buffer.alloc(32).toString('base64'),
    COFFER_DATA_DIR: join(other.dir, 'data'),
    COFFER_MASTER_KEY: '',
  }
  const made = coffer(['init', '--seal', 'env', '--seal-option', 'variable=MY_ROOT'], {
    env: named,
  })
  expect(made.status, made.stderr).toBe(0)
  coffer(['set', 'o/a'], { env: named, input: 'value' })
  for (const options of [[], ['--seal-option', 'variable=MY_ROOT']]) {
    const { stdout, stderr } = coffer([...options, 'run', '--prefix', 'o', '--', 'env'], {
      env: named,
    })
    expect(stdout, stderr).toContain('A=value')
    expect(stdout).toContain('APP_KEY=')
    expect(stdout).not.toContain(KEY)
  }
})

test('the command can be PID 1', (context) => {
  const probe = spawnSync('unshare', ['-pf', '--mount-proc', 'true'])
  if (probe.status !== 0) return context.skip('no pid namespaces here')
  const args = [
    '-pf',
    '--mount-proc',
    process.execPath,
    BIN,
    ...PREFIX,
    'sh',
    '-c',
    'echo $$; exit 5',
  ]
  const { stdout, status } = spawnSync('unshare', args, { encoding: 'utf8', env })
  expect([stdout.trim(), status]).toEqual(['1', 5])
})

test('where a process cannot be replaced, a child is supervised to the same end', () => {
  const script = `
    import { become } from ${JSON.stringify(join(import.meta.dirname, 'become.ts'))}
    const [code] = process.argv.slice(1)
    process.exit(await become({ executable: { file: '/bin/sh', needsShell: false }, command: ['sh', '-c', code], env: { PATH: process.env.PATH } }, null))
  `
  const end = (code: string) => {
    const { status, signal } = spawnSync(process.execPath, [
      '--input-type=module',
      '-e',
      script,
      code,
    ])
    return signal ?? status
  }
  expect(end('exit 3')).toBe(3)
  expect(end('kill -TERM $$')).toBe('SIGTERM')
  expect(end('kill -KILL $$')).toBe('SIGKILL')
})

test('--files: private files, kept current, removed at the end, refused behind links', async () => {
  const files = join(dir, 'files')
  const child = spawn(
    process.execPath,
    [
      BIN,
      'run',
      '--prefix',
      'e/web',
      '--files',
      files,
      '--',
      'sh',
      '-c',
      'env; echo started; read line',
    ],
    { env, stdio: ['pipe', 'pipe', 'pipe'] },
  )
  let out = ''
  let err = ''
  child.stdout.on('data', (text) => (out += String(text)))
  child.stderr.on('data', (text) => (err += String(text)))
  while (!out.includes('started') && child.exitCode === null) await sleep(20)
  expect(out, err).not.toContain('postgres://x')
  expect(readFileSync(join(files, 'db-url'), 'utf8')).toBe('postgres://x')
  expect(readFileSync(join(files, 'deep/api-key'), 'utf8')).toBe('abc')
  expect([files, join(files, 'deep')].map((folder) => statSync(folder).mode & 0o777)).toEqual([
    0o700, 0o700,
  ])
  expect(statSync(join(files, 'db-url')).mode & 0o777).toBe(0o600)
  const keepers = processesWith('__keep-files')
  expect(keepers).toHaveLength(1)
  expect(readFileSync(`/proc/${keepers[0]}/environ`, 'utf8')).not.toContain(KEY)
  expect(readFileSync(`/proc/${keepers[0]}/cmdline`, 'utf8')).not.toContain(KEY)
  await run(['set', 'e/web/db-url'], { input: 'postgres://new' })
  for (let i = 0; i < 100 && readFileSync(join(files, 'db-url'), 'utf8') === 'postgres://x'; i++)
    await sleep(50)
  expect(readFileSync(join(files, 'db-url'), 'utf8')).toBe('postgres://new')
  child.stdin.end()
  await new Promise((resolve) => child.once('exit', resolve))
  for (let i = 0; i < 100 && existsSync(files); i++) await sleep(50)
  expect(existsSync(files)).toBe(false)
  await run(['set', 'e/web/db-url'], { input: 'postgres://x' })
})

test('--files refuses a folder that others could change, and leaves nothing behind', () => {
  const open = join(dir, 'open')
  mkdirSync(open)
  chmodSync(open, 0o755)
  const target = mkdtempSync(join(dir, 'target-'))
  const link = join(dir, 'linked')
  symlinkSync(target, link)
  for (const folder of [open, link]) {
    const { status, stderr } = coffer(['run', '--prefix', 'e/web', '--files', folder, '--', 'true'])
    expect([status, stderr.includes('key_exposed')], stderr).toEqual([78, true])
    expect(readdirSync(folder)).toEqual([])
  }
})

function processesWith(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false
    try {
      const text = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      return text.includes(word) && text.startsWith(process.execPath)
    } catch {
      return false
    }
  })
}
