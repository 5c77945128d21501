import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import { guarded } from './guarded.ts'
import { stateDir, stateFolder } from './state-dir.ts'

const home = mkdtempSync(path.join(tmpdir(), 'coffer-state-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let dir = ''
let count = 0
beforeEach(() => {
  dir = path.join(home, String((count += 1)))
  mkdirSync(dir)
})

/** What a provider over a network answers for a reference. */
async function ask(env: Readonly<Record<string, string>>) {
  const provider = guarded(
    {
      kind: 'fake',
      batchMax: 1,
      scope: () => 'one',
      call: async (refs) => refs.map(() => ({ value: undefined })),
    },
    { env: { COFFER_STATE_DIR: dir, ...env }, options: {} },
  )
  const ref = { provider: 'fake', key: 'a' }
  const [answer] = await provider.resolve([ref], AbortSignal.timeout(5_000))
  await provider.close?.()
  return answer
}

test('the folder is the one that the environment names first', () => {
  const all = { COFFER_STATE_DIR: '/a', XDG_STATE_HOME: '/b', HOME: '/c' }
  expect(stateDir(all)).toBe('/a')
  expect(stateDir({ ...all, COFFER_STATE_DIR: '' })).toBe('/b/coffer')
  expect(stateDir({ XDG_STATE_HOME: 'b', HOME: '/c' })).toBe('/c/.local/state/coffer')
  expect([stateDir({}), stateFolder({}, 'providers')]).toEqual([undefined, undefined])
})

test.skipIf(process.platform === 'win32')(
  'by a link that somebody put into a shared folder nothing is removed elsewhere',
  async () => {
    const documents = path.join(home, 'documents')
    mkdirSync(documents)
    writeFileSync(path.join(documents, 'thesis'), 'x')
    utimesSync(path.join(documents, 'thesis'), 0, 0)
    // The scope is named by a hash of what an attacker knows as well.
    await ask({ COFFER_OFFLINE_MAX_AGE: '1h' })
    const [scope = ''] = readdirSync(path.join(dir, 'providers')).map(
      (name) => /-([0-9a-f]{32})/.exec(name)?.[1] ?? '',
    )
    expect(scope).toHaveLength(32)
    rmSync(path.join(dir, 'offline'), { recursive: true, force: true })
    mkdirSync(path.join(dir, 'offline'))
    chmodSync(path.join(dir, 'offline'), 0o777)
    symlinkSync(documents, path.join(dir, 'offline', scope))
    expect(await ask({ COFFER_OFFLINE_MAX_AGE: '1h' })).toEqual({ value: undefined })
    expect(existsSync(path.join(documents, 'thesis'))).toBe(true)
  },
)

test.skipIf(process.platform === 'win32')('what others may write is not gone by', async () => {
  const folder = path.join(dir, 'providers')
  const found = () => stateFolder({ COFFER_STATE_DIR: dir }, 'providers')
  expect(found()).toBe(folder)
  mkdirSync(folder, { mode: 0o700 })
  expect(found()).toBe(folder)
  for (const mode of [0o720, 0o702]) {
    chmodSync(folder, mode)
    expect(found()).toBeUndefined()
  }
  // Each process then remembers for itself, and works.
  expect(await ask({})).toEqual({ value: undefined })
  expect(readdirSync(folder)).toEqual([])
  rmSync(folder, { recursive: true })
  symlinkSync(home, folder)
  expect(found()).toBeUndefined()
  rmSync(folder)
  writeFileSync(folder, '')
  expect(found()).toBeUndefined()
})

test.skipIf(process.getuid?.() !== 0)("another user's folder is not gone by", () => {
  const folder = path.join(dir, 'providers')
  mkdirSync(folder, { mode: 0o700 })
  chownSync(folder, 12_345, 12_345)
  expect(stateFolder({ COFFER_STATE_DIR: dir }, 'providers')).toBeUndefined()
})
