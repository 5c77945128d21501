import { execFile } from 'node:child_process'
import {
  copyFileSync,
  mkdtempSync,
  openSync,
  closeSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refusalOf } from '../../../testing/refusal.ts'
import { STORE_FILE } from '../adapter.ts'
import { openSqliteStore } from '../sqlite.ts'
import { checkStructure } from './structure.ts'

const PAGE_BYTES = 4_096
const dirs = { small: dirOf('small'), large: dirOf('large') }
afterAll(() => {
  for (const dir of Object.values(dirs)) rmSync(dir, { recursive: true, force: true })
})

function dirOf(name: string): string {
  return mkdtempSync(path.join(tmpdir(), `coffer-structure-${name}-`))
}

const fileIn = (dir: string): string => path.join(dir, STORE_FILE)

/** Small ones are looked at here, large ones in a thread. */
beforeAll(async () => {
  for (const [dir, versions] of [
    [dirs.small, 3],
    [dirs.large, 20_000],
  ] as const) {
    const store = await openSqliteStore({ file: fileIn(dir) })
    await store.write(async (rows) => {
      for (let i = 0; i < versions; i++) {
        const id = i.toString(16).padStart(32, '0')
        const envelope = new Uint8Array(600).fill(i)
        await rows.putVersion({ id, version: 1, path: `a/${i}`, term: 1, envelope })
      }
    })
    await store.close()
  }
})

/** Without what SQLite keeps beside it. */
function damagedCopy(from: string, at: number, bytes: Uint8Array): string {
  const dir = dirOf('damaged')
  copyFileSync(fileIn(from), fileIn(dir))
  const file = openSync(fileIn(dir), 'r+')
  writeSync(file, bytes, 0, bytes.length, at)
  closeSync(file)
  return dir
}

test.each(['small', 'large'] as const)('a sound store that is %s passes', async (name) => {
  expect(await checkStructure({ dataDir: dirs[name] })).toBeUndefined()
})

test('others have their turn while a large one is looked at', async () => {
  expect(statSync(fileIn(dirs.large)).size).toBeGreaterThan(8 * 1_048_576)
  let isOver = false
  const looking = checkStructure({ dataDir: dirs.large }).then(() => (isOver = true))
  await setImmediate()
  await setImmediate()
  expect(isOver).toBe(false)
  await looking
})

test.each([
  ['small', 'a page of it', 1 * PAGE_BYTES],
  ['large', 'a page of it', 300 * PAGE_BYTES],
  ['small', 'its schema', 100],
  ['large', 'its schema', 100],
] as const)('in one that is %s, %s that is no longer one is found', async (name, _, at) => {
  const dir = damagedCopy(dirs[name], at, new Uint8Array(200).fill(0xff))
  const { code, message } = await refusalOf(() => checkStructure({ dataDir: dir }))
  expect([code, message]).toEqual(['corrupt', expect.stringContaining(fileIn(dir))])
  rmSync(dir, { recursive: true })
})

test('where Node may start no thread, it looks by itself', async () => {
  const { href } = new URL('structure.ts', import.meta.url)
  const script = `const { checkStructure } = await import(${JSON.stringify(href)})
    await checkStructure({ dataDir: ${JSON.stringify(dirs.large)} })
    console.log(process.permission.has('worker'), 'looked')`
  const allowed = ['--permission', '--allow-fs-read=*', '--allow-fs-write=*']
  const flags = [...allowed, '--input-type=module', '-e']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, script])
  expect(stdout).toBe('false looked\n')
})
