import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { ProviderAnswer } from '../../core/ports/provider.ts'
import { Secret, textSecret } from '../../core/secret.ts'
import type { Ambient } from './guard/ambient.ts'
import { guarded } from './guarded.ts'
import type { OfflineUse } from './guarded.ts'

let home: string
let count = 0
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-offline-'))))
afterAll(() => rmSync(home, { recursive: true }))

const { signal } = new AbortController()
const CANARY = 'canary-offline-4b1d'
const HOUR = 3_600_000

function place(
  given: Record<string, string | undefined> = {},
  options: Record<string, string> = {},
) {
  const world = {
    now: 1_800_000_000_000,
    scope: 'one',
    failing: undefined as ErrorCode | undefined,
  }
  const dir = path.join(home, `state-${count++}`)
  const env = { COFFER_STATE_DIR: dir, COFFER_OFFLINE_MAX_AGE: '1h', ...given }
  const used: OfflineUse[] = []
  const values = new Map<string, ProviderAnswer>()
  const ambient: Ambient = {
    now: () => world.now,
    random: () => 0.5,
    sleep: async (ms) => void (world.now += ms),
  }
  const ask = async (keys: readonly string[], over: Record<string, string | undefined> = {}) => {
    // The breaker has its own tests: here every start asks.
    rmSync(path.join(dir, 'providers'), { recursive: true, force: true })
    const provider = guarded(
      {
        kind: 'fake',
        title: 'The fake',
        batchMax: 20,
        scope: () => world.scope,
        async call(refs) {
          if (world.failing !== undefined) throw new CofferError(world.failing, 'No.')
          return refs.map(({ key }) => values.get(key) ?? { value: undefined })
        },
      },
      { env: { ...env, ...over }, options, onOffline: (use) => used.push(use) },
      ambient,
    )
    const refs = keys.map((key) => ({ provider: 'fake', key }))
    return (await provider.resolve(refs, signal)).map((answer) =>
      'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal(),
    )
  }
  const put = (key: string, text: string) =>
    values.set(key, { value: { secret: textSecret(key, text) } })
  const entries = () => {
    const [scope = ''] = readdirSync(path.join(dir, 'offline')).filter((name) => name !== 'key')
    const folder = path.join(dir, 'offline', scope)
    return readdirSync(folder)
      .filter((name) => name !== 'clock')
      .map((name) => path.join(folder, name))
  }
  put('a', CANARY)
  put('b', 'value b')
  return { world, dir, env, used, values, ask, put, entries }
}

test.each(['unavailable', 'throttled', 'timeout'] as const)(
  'while the place is %s, the last good answer stands in, and it is told',
  async (code) => {
    const { world, ask, used } = place()
    await ask(['a', 'b'])
    world.now += 20 * 60_000
    world.failing = code
    expect(await ask(['a', 'b', 'c'])).toEqual([CANARY, 'value b', code])
    expect(used).toHaveLength(1)
    expect(used[0]).toMatchObject({ kind: 'fake', references: 2 })
    expect(used[0]?.message).toBe(
      'The fake cannot be asked: 2 values come from the offline cache, up to 20 min old.',
    )
  },
)

test.each(['denied', 'unauthenticated'] as const)(
  'what is %s is not answered from it, and is gone from it',
  async (code) => {
    const { world, ask } = place()
    await ask(['a'])
    world.failing = code
    expect(await ask(['a'])).toEqual([code])
    world.failing = 'unavailable'
    expect(await ask(['a'])).toEqual(['unavailable'])
  },
)

test('what is absent or deleted is gone from it; what is corrupt is not answered from it', async () => {
  const { world, ask, values } = place()
  await ask(['a', 'b'])
  values.delete('a')
  values.set('b', { error: new CofferError('deleted', 'Gone.') })
  expect(await ask(['a', 'b'])).toEqual([undefined, 'deleted'])
  world.failing = 'unavailable'
  expect(await ask(['a', 'b'])).toEqual(['unavailable', 'unavailable'])
  const other = place()
  await other.ask(['a'])
  other.world.failing = 'corrupt'
  expect(await other.ask(['a'])).toEqual(['corrupt'])
})

test('nothing older than the maximum age is answered, to the millisecond, nor after the clock was put back', async () => {
  const { world, ask } = place()
  await ask(['a'])
  const saved = world.now
  world.failing = 'unavailable'
  const at = async (now: number) => {
    world.now = now
    return ask(['a'])
  }
  // Two waits of at most 200 ms lie before each answer.
  expect(await at(saved + HOUR - 1_000)).toEqual([CANARY])
  expect(await at(saved + HOUR + 1)).toEqual(['unavailable'])
  expect(await at(saved + 1_000)).toEqual(['unavailable'])
  expect(await at(saved - 2 * HOUR)).toEqual(['unavailable'])
  world.failing = undefined
  expect(await at(saved - 2 * HOUR)).toEqual([CANARY])
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual([CANARY])
})

test('the files hold no value and no name, and are private', async () => {
  const { ask, entries, dir } = place()
  await ask(['a', 'b'])
  expect(entries()).toHaveLength(2)
  for (const file of [...entries(), path.join(dir, 'offline', 'key')]) {
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readFileSync(file, 'latin1')).not.toContain(CANARY)
    expect(path.basename(file)).toMatch(/^(?:[0-9a-f]{16}|key)$/)
  }
  expect(statSync(path.join(dir, 'offline')).mode & 0o777).toBe(0o700)
})

test('an entry that was edited, moved, put back late, or is of another scope is refused', async () => {
  const { world, ask, entries, dir, put } = place()
  await ask(['a'])
  const [first = ''] = entries()
  const good = readFileSync(first)
  await ask(['b'])
  const [second = ''] = entries().filter((file) => file !== first)
  world.failing = 'unavailable'
  for (let at = 0; at < good.length; at += 3) {
    const bad = Buffer.from(good)
    bad[at] = (bad[at] ?? 0) ^ 1
    writeFileSync(first, bad)
    expect(await ask(['a']), `byte ${at}`).toEqual(['unavailable'])
  }
  for (const bad of [Buffer.alloc(0), good.subarray(0, 30), Buffer.concat([good, good])]) {
    writeFileSync(first, bad)
    expect(await ask(['a'])).toEqual(['unavailable'])
  }
  writeFileSync(first, good)
  expect(await ask(['a'])).toEqual([CANARY])
  cpSync(second, first)
  expect(await ask(['a'])).toEqual(['unavailable'])
  world.failing = undefined
  world.scope = 'two'
  put('a', 'of two')
  await ask(['a'])
  const folders = readdirSync(path.join(dir, 'offline')).filter((name) => name !== 'key')
  for (const folder of folders)
    writeFileSync(path.join(dir, 'offline', folder, path.basename(first)), good)
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual(['unavailable'])
  world.scope = 'one'
  expect(await ask(['a'])).toEqual([CANARY])
})

test('with a root key in the environment there is no key file, and without it nothing opens', async () => {
  const key = randomBytes(32).toString('hex')
  const { world, ask, dir } = place({ COFFER_MASTER_KEY: key })
  await ask(['a'])
  expect(readdirSync(path.join(dir, 'offline'))).not.toContain('key')
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual([CANARY])
  expect(await ask(['a'], { COFFER_MASTER_KEY: undefined })).toEqual(['unavailable'])
  expect(await ask(['a'], { COFFER_MASTER_KEY: randomBytes(32).toString('hex') })).toEqual([
    'unavailable',
  ])
  expect(await ask(['a'], { COFFER_MASTER_KEY: 'short' })).toEqual(['invalid_key'])
  expect(await ask(['a'], { COFFER_MASTER_KEY: undefined, OBSERVABILITY_MASTER_KEY: key })).toEqual(
    [CANARY],
  )
})

test('a key file that others could read is replaced, and opens nothing', async () => {
  const { world, ask, dir } = place()
  await ask(['a'])
  const file = path.join(dir, 'offline', 'key')
  chmodSync(file, 0o644)
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual(['unavailable'])
  expect(statSync(file).mode & 0o777).toBe(0o600)
  world.failing = undefined
  await ask(['a'])
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual([CANARY])
})

test('nobody asks for it: nothing is kept; the option is stronger than the variable', async () => {
  const { ask, world, dir } = place({ COFFER_OFFLINE_MAX_AGE: undefined })
  await ask(['a'])
  expect(() => statSync(path.join(dir, 'offline'))).toThrow('ENOENT')
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual(['unavailable'])
  const optional = place({ COFFER_OFFLINE_MAX_AGE: undefined }, { offlineMaxAge: '90s' })
  await optional.ask(['a'])
  optional.world.failing = 'unavailable'
  expect(await optional.ask(['a'])).toEqual([CANARY])
})

test('who must not have old values never gets them', async () => {
  const { env } = place()
  const call = async () => [{ value: { secret: textSecret('a', CANARY) } }]
  const service = { kind: 'fake', batchMax: 1, scope: () => 's', call }
  const ask = (over: AbortSignal) =>
    guarded(service, { env: { ...env }, options: {}, onOffline: false }).resolve(
      [{ provider: 'fake', key: 'a' }],
      over,
    )
  await ask(signal)
  const [answer] = await ask(AbortSignal.abort(new CofferError('timeout', 'Late.')))
  expect(answer).toMatchObject({ error: { code: 'timeout' } })
})

test('an age is 1s to 7d, and anything else is an error before anything is kept', async () => {
  const most = LIMITS.offlineMaxAgeMsMax / 1_000
  for (const good of ['1s', '90s', '30m', '1h', '7d', `${most}s`]) {
    expect(await place({ COFFER_OFFLINE_MAX_AGE: good }).ask(['a'])).toEqual([CANARY])
  }
  for (const bad of ['1', 'h', '8d', `${most + 1}s`, '-1h', '1.5h', '0s', '1h ', 'Infinity']) {
    expect(await place({ COFFER_OFFLINE_MAX_AGE: bad }).ask(['a']), bad).toEqual([
      'invalid_argument',
    ])
  }
  expect(await place({ COFFER_STATE_DIR: undefined }).ask(['a'])).toEqual(['invalid_argument'])
})

test('bytes, objects, versions and names come back as they were; where nothing can be written, nothing breaks', async () => {
  const { ask, world, values, dir } = place()
  const bytes = Uint8Array.of(0, 255, 1)
  values.set('bytes', {
    value: { secret: new Secret({ name: 'x', bytes, decode: (b) => Uint8Array.from(b) }) },
  })
  values.set('empty', { value: { secret: textSecret('e', '', 3), version: 3, envName: 'E' } })
  await ask(['bytes', 'empty'])
  world.failing = 'unavailable'
  expect(await ask(['bytes', 'empty'])).toEqual([Uint8Array.of(0, 255, 1), ''])
  renameSync(path.join(dir, 'offline'), path.join(dir, 'moved'))
  writeFileSync(path.join(dir, 'offline'), '')
  world.failing = undefined
  expect(await ask(['a'])).toEqual([CANARY])
  world.failing = 'unavailable'
  expect(await ask(['a'])).toEqual(['unavailable'])
})

test('where nobody listens, the process itself warns', async () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
  const env = { COFFER_STATE_DIR: path.join(home, 'warned'), COFFER_OFFLINE_MAX_AGE: '1h' }
  const call = async () => [{ value: { secret: textSecret('a', CANARY) } }]
  const start = () =>
    guarded({ kind: 'fake', batchMax: 1, scope: () => 's', call }, { env: { ...env }, options: {} })
  const refs = [{ provider: 'fake', key: 'a' }]
  await start().resolve(refs, signal)
  expect(warn).not.toHaveBeenCalled()
  const late = AbortSignal.abort(new CofferError('timeout', 'Late.'))
  const [answer] = await start().resolve(refs, late)
  expect(answer).toMatchObject({ value: { secret: expect.anything() as unknown } })
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    'The provider fake cannot be asked: 1 value comes from the offline cache, up to 1 s old.',
    { type: 'OfflineWarning', code: 'COFFER_OFFLINE' },
  )
  warn.mockRestore()
})
