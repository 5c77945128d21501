import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { SealContext } from '../../core/ports/seal.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { sealContract } from '../../testing/seal-contract.ts'
import { sealWorld } from '../../testing/seal-world.ts'
import { keyFile } from './key-file.ts'

sealContract('key-file', keyFile, () => sealWorld())

const KEY = '0a'.repeat(32)
let here: string

beforeEach(() => {
  here = realpathSync(mkdtempSync(join(tmpdir(), 'coffer-key-file-')))
  mkdirSync(join(here, 'data'))
})
afterEach(() => {
  vi.restoreAllMocks()
  rmSync(here, { recursive: true, force: true })
})

const at = (name: string): string => join(here, name)
const world = (options: Record<string, string> = {}, env = {}): SealContext => ({
  env,
  options,
  dataDir: at('data'),
  configDir: at('config'),
  random: (bytes) => randomBytes(bytes),
})
const write = (name: string, text: string | Uint8Array = KEY, mode = 0o600): string => {
  writeFileSync(at(name), text, { mode })
  chmodSync(at(name), mode)
  return at(name)
}
const modeOf = (file: string): string => (statSync(file).mode & 0o777).toString(8)
const unseal = async (file: string): Promise<string> =>
  Buffer.from(await keyFile.unseal({ file }, world())).toString('hex')
const codeFor = async (file: string): Promise<string> => (await refusalOf(() => unseal(file))).code

describe('a new key', () => {
  test('is made outside the data directory, mode 0600 in a directory of mode 0700', async () => {
    const { rootKey, params, notes } = await keyFile.establish(world())
    const file = params['file'] as string
    expect(file.startsWith(at('config/keys/'))).toBe(true)
    expect(modeOf(file)).toBe('600')
    expect(modeOf(at('config/keys'))).toBe('700')
    expect(readFileSync(file, 'utf8')).toBe(`${Buffer.from(rootKey).toString('base64')}\n`)
    expect(notes?.join(' ')).toContain(file)
    expect(notes?.join(' ')).toContain('Back it up')
  })

  test('is made where the option or COFFER_KEY_FILE says, the option first', async () => {
    const env = { COFFER_KEY_FILE: at('from-env.key') }
    await keyFile.establish(world({ file: at('from-option.key') }, env))
    expect(existsSync(at('from-env.key'))).toBe(false)
    expect(modeOf(at('from-option.key'))).toBe('600')
    await keyFile.establish(world({}, env))
    expect(modeOf(at('from-env.key'))).toBe('600')
  })

  test('two stores never share a file', async () => {
    const [a, b] = [await keyFile.establish(world()), await keyFile.establish(world())]
    expect(a.params['file']).not.toBe(b.params['file'])
  })

  test('a named file that exists is taken as it is, never overwritten', async () => {
    const file = write('mine.key')
    const { rootKey, notes } = await keyFile.establish(world({ file }))
    expect(Buffer.from(rootKey).toString('hex')).toBe(KEY)
    expect(notes).toBeUndefined()
    const bad = write('bad.key', 'not a key')
    expect((await refusalOf(() => keyFile.establish(world({ file: bad })))).code).toBe(
      'invalid_key',
    )
    expect(readFileSync(bad, 'utf8')).toBe('not a key')
  })

  test('inside the data directory it is refused, also through links and when it exists', async () => {
    symlinkSync(at('data'), at('link'))
    writeFileSync(at('data/own.key'), KEY, { mode: 0o600 })
    for (const file of ['data/new.key', 'data/a/b/new.key', 'link/new.key', 'data/own.key']) {
      const error = await refusalOf(() => keyFile.establish(world({ file: at(file) })))
      expect(error.code).toBe('invalid_argument')
      expect(error.message).toContain('inside the data directory')
    }
    const inside = { ...world(), configDir: at('data/config') }
    expect((await refusalOf(() => keyFile.establish(inside))).code).toBe('invalid_argument')
    expect(existsSync(at('data/config'))).toBe(false)
  })

  test('beside the data directory, with a name that begins alike, it is allowed', async () => {
    await keyFile.establish(world({ file: at('data-keys/x.key') }))
    await keyFile.establish(world({ file: at('..x.key') }))
    expect(modeOf(at('data-keys/x.key'))).toBe('600')
  })

  test('a dangling link is not followed, and a directory that cannot be made is named', async () => {
    symlinkSync(at('data/elsewhere'), at('dangling'))
    const dangling = await refusalOf(() => keyFile.establish(world({ file: at('dangling') })))
    expect(['already_exists', 'invalid_argument']).toContain(dangling.code)
    expect(existsSync(at('data/elsewhere'))).toBe(false)
    write('file')
    const error = await refusalOf(() => keyFile.establish(world({ file: at('file/x.key') })))
    expect(error.code).toBe('unavailable')
    expect(error.message).toContain(at('file/x.key'))
  })
})

test('a disk that takes no byte leaves no half-written key file', () => {
  const file = at('full.key')
  const script = `
    import { writePrivateFile } from './new-private-file.ts'
    try { writePrivateFile(${JSON.stringify(file)}, Buffer.alloc(44), 'Key file') }
    catch (error) { console.log(error.code) }`
  const shell = 'ulimit -f 0; exec "$0" --no-warnings --input-type=module --eval "$1"'
  const out = execFileSync('sh', ['-c', shell, process.execPath, script], {
    cwd: new URL('.', import.meta.url),
    encoding: 'utf8',
  })
  expect(out).toBe('unavailable\n')
  expect(existsSync(file)).toBe(false)
})

describe('reading', () => {
  test('the option comes first, then COFFER_KEY_FILE, then what the keyring remembers', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => write(name, `0${name}`.repeat(32)))
    const env = { COFFER_KEY_FILE: b! }
    const params = { file: c! }
    const first = async (context: SealContext): Promise<string> =>
      Buffer.from(await keyFile.unseal(params, context))
        .toString('hex')
        .slice(0, 2)
    expect(await first(world({ file: a! }, env))).toBe('0a')
    expect(await first(world({}, env))).toBe('0b')
    expect(await first(world())).toBe('0c')
  })

  test.each([0o640, 0o604, 0o620, 0o602, 0o666, 0o444, 0o610, 0o601])(
    'mode %o is refused and named',
    async (mode) => {
      const file = write('open.key', KEY, mode)
      const error = await refusalOf(() => unseal(file))
      expect(error.code).toBe('key_exposed')
      expect(error.message).toContain(mode.toString(8))
      expect(error.remedy).toContain('chmod 600')
    },
  )

  test.each([0o600, 0o400, 0o700])('mode %o is accepted', async (mode) => {
    expect(await unseal(write('own.key', KEY, mode))).toBe(KEY)
  })

  test('a file of another user is refused, one of root is not', async () => {
    const file = write('other.key')
    if (process.getuid?.() === 0) chownSync(file, 12_345, 12_345)
    vi.spyOn(process, 'getuid').mockReturnValue(statSync(file).uid + 1)
    const error = await refusalOf(() => unseal(file))
    expect(error.code).toBe('key_exposed')
    vi.mocked(process.getuid!).mockReturnValue(statSync(file).uid)
    expect(await unseal(file)).toBe(KEY)
  })

  test('a link is judged by what it points to', async () => {
    symlinkSync(write('target.key'), at('good'))
    symlinkSync(write('exposed.key', KEY, 0o644), at('bad'))
    expect(await unseal(at('good'))).toBe(KEY)
    expect(await codeFor(at('bad'))).toBe('key_exposed')
  })

  test('what is no regular file is refused at once, a pipe too', async () => {
    execFileSync('mkfifo', ['-m', '600', at('pipe')])
    expect(await codeFor(at('pipe'))).toBe('invalid_key')
    expect(await codeFor(here)).toBe('invalid_key')
    expect(await codeFor('/dev/zero')).toBe('invalid_key')
  })

  test('4 KiB are read, one byte more is refused by size', async () => {
    const most = await refusalOf(() => unseal(write('most', 'x'.repeat(4_096))))
    expect(most.message).toContain('64 hex characters')
    const more = await refusalOf(() => unseal(write('more', 'x'.repeat(4_097))))
    expect(more.code).toBe('invalid_key')
    expect(more.message).toContain('more than 4096 bytes')
  })

  test('32 raw bytes and an empty file are refused without showing them', async () => {
    const raw = await refusalOf(() =>
      unseal(write('raw', Buffer.from('canary-canary-canary-canary-cana'))),
    )
    expect(raw.code).toBe('invalid_key')
    expect(raw.message).not.toContain('canary-')
    expect(await codeFor(write('empty', ''))).toBe('invalid_key')
  })

  test('a missing file is `sealed` and named; an unreadable way to it is not taken for missing', async () => {
    const error = await refusalOf(() => unseal(at('gone.key')))
    expect(error.code).toBe('sealed')
    expect(error.message).toContain(at('gone.key'))
    expect(await codeFor(join(write('file'), 'gone.key'))).toBe('unavailable')
  })

  test.each(['\n', '\r\n', ''])('an end of %j is ignored', async (end) => {
    expect(await unseal(write('end', KEY + end))).toBe(KEY)
  })
})

test('a key that is in the environment, and not read, is told of', async () => {
  const given = world({ file: at('gone.key') }, { COFFER_MASTER_KEY: KEY })
  const error = await refusalOf(() => keyFile.unseal({}, given))
  expect(error.code).toBe('sealed')
  expect(error.remedy).toContain('--key-file')
  expect(error.remedy).toContain('COFFER_MASTER_KEY is set')
  expect(JSON.stringify(error)).not.toContain(KEY)
  const without = await refusalOf(() => keyFile.unseal({}, world({ file: at('gone.key') })))
  expect(without.remedy).not.toContain('COFFER_MASTER_KEY')
})
