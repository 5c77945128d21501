import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { file } from './file.ts'

let home: string
let count = 0
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-file-'))))
afterAll(() => rm(home, { recursive: true }))

const newDir = async () => {
  const dir = path.join(home, String(count++))
  await mkdir(dir)
  return dir
}
const { signal } = new AbortController()
const ask = async (dir: string, key: string, options = {}) => {
  const provider = file({ env: {}, options: { dir, ...options } })
  const [answer] = await provider.resolve([{ provider: 'file', key }], signal)
  return answer !== undefined && 'value' in answer ? answer.value?.secret.reveal() : answer?.error
}

providerContract('file', async () => {
  const dir = await newDir()
  const outside = await newDir()
  return {
    provider: file({ env: {}, options: { dir } }),
    key: (word) => word,
    put: (key, text) => writeFile(path.join(dir, key), text),
    remove: (key) => rm(path.join(dir, key)),
    deny: async (key) => {
      await rename(path.join(dir, key), path.join(outside, key))
      await symlink(path.join(outside, key), path.join(dir, key))
    },
    breakDown: async () => {
      for (const key of ['some', 'other']) {
        await rm(path.join(dir, key), { force: true })
        await mkdir(path.join(dir, key))
      }
    },
  }
})

test('text loses one final newline, unless raw; other bytes lose nothing', async () => {
  const dir = await newDir()
  await writeFile(path.join(dir, 'unix'), 'value\n')
  await writeFile(path.join(dir, 'dos'), 'value\r\n')
  await writeFile(path.join(dir, 'two'), 'value\n\n')
  await writeFile(path.join(dir, 'bytes'), Uint8Array.of(0xff, 0xfe, 0x0a))
  expect(await ask(dir, 'unix')).toBe('value')
  expect(await ask(dir, 'dos')).toBe('value')
  expect(await ask(dir, 'two')).toBe('value\n')
  expect(await ask(dir, 'unix', { raw: 'true' })).toBe('value\n')
  expect(await ask(dir, 'bytes')).toEqual(Uint8Array.of(0xff, 0xfe, 0x0a))
})

test('a Kubernetes mount is followed through ..data, also when that is swapped', async () => {
  const dir = await newDir()
  const mount = async (name: string, text: string) => {
    await mkdir(path.join(dir, name))
    await writeFile(path.join(dir, name, 'token'), text)
    await symlink(name, path.join(dir, '..data_tmp'))
    await rename(path.join(dir, '..data_tmp'), path.join(dir, '..data'))
  }
  await mount('..2026_01', 'one')
  await symlink('..data/token', path.join(dir, 'token'))
  expect(await ask(dir, 'token')).toBe('one')
  const provider = file({ env: {}, options: { dir } })
  let stop = () => {}
  const seen = new Promise<void>((resolve, reject) => {
    stop = provider.watch!({ provider: 'file', key: 'token' }, resolve, reject)
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await mount('..2026_02', 'two')
  await seen
  stop()
  expect(await ask(dir, 'token')).toBe('two')
})

test.each(['', 'tls/'])(
  'a mount at %j that is swapped while it is read is of one generation',
  async (at) => {
    const dir = await newDir()
    const keys = ['user', 'password'].map((name) => `${at}${name}`)
    // As a kubelet writes: the folder before is removed as soon as the link leads to another one.
    const swapper = spawn(process.execPath, ['-e', SWAPPER, path.join(dir, at)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(swapper.stdout, 'data')
    const provider = file({ env: {}, options: { dir } })
    const found = new Set<string>()
    while (swapper.exitCode === null) {
      const answers = await provider.resolve(
        keys.map((key) => ({ provider: 'file', key })),
        signal,
      )
      const texts = answers.map((answer) =>
        'error' in answer ? (answer.error as CofferError).code : answer.value?.secret.reveal(),
      )
      found.add(texts[0] === texts[1] ? typeof texts[0] : texts.join())
      await new Promise(setImmediate)
    }
    expect([...found]).toEqual(['string'])
  },
)

const SWAPPER = `
const fs = require('fs'), path = require('path'), dir = process.argv[1]
fs.mkdirSync(dir, { recursive: true })
const end = Date.now() + 1500
for (let n = 0; Date.now() < end; n++) {
  const folder = path.join(dir, '..' + n)
  fs.mkdirSync(folder)
  for (const key of ['user', 'password']) fs.writeFileSync(path.join(folder, key), 'of ' + n)
  fs.symlinkSync('..' + n, path.join(dir, '..data_tmp'))
  fs.renameSync(path.join(dir, '..data_tmp'), path.join(dir, '..data'))
  if (n > 0) fs.rmSync(path.join(dir, '..' + (n - 1)), { recursive: true })
  else for (const key of ['user', 'password']) fs.symlinkSync('..data/' + key, path.join(dir, key))
  if (n === 0) console.log('mounted')
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
}
`

test.each(['..', '../x', 'a/../../x', '/etc/passwd', 'a//b', './a', 'a\\..\\b', 'a\0b', ''])(
  'the key %j is refused before the file system hears of it',
  async (key) => {
    expect(await ask(await newDir(), key)).toMatchObject({ code: 'invalid_reference' })
  },
)

test('a refused key leaves no failure behind where there is no directory either', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown) => void unhandled.push(error)
  process.on('unhandledRejection', note)
  expect(await ask(path.join(home, 'nowhere'), '../x')).toMatchObject({ code: 'invalid_reference' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
})

test('a neighbour whose name begins like the directory is outside', async () => {
  const dir = await newDir()
  await mkdir(`${dir}-more`)
  await writeFile(path.join(`${dir}-more`, 'x'), 'theirs')
  await symlink(`../${path.basename(dir)}-more/x`, path.join(dir, 'x'))
  expect(await ask(dir, 'x')).toMatchObject({ code: 'denied' })
})

test('a FIFO, a device and a loop are errors, and nothing waits', async () => {
  const dir = await newDir()
  execFileSync('mkfifo', [path.join(dir, 'fifo')])
  await symlink('loop', path.join(dir, 'loop'))
  expect(await ask(dir, 'fifo')).toMatchObject({ code: 'invalid_value' })
  expect(await ask(dir, 'loop')).toMatchObject({ code: 'invalid_reference' })
})

test('1 MiB is read, one byte more is too large', async () => {
  const dir = await newDir()
  await writeFile(path.join(dir, 'most'), 'x'.repeat(LIMITS.valueBytesCeiling))
  await writeFile(path.join(dir, 'more'), 'x'.repeat(LIMITS.valueBytesCeiling + 1))
  expect(await ask(dir, 'most')).toHaveLength(LIMITS.valueBytesCeiling)
  expect(await ask(dir, 'more')).toMatchObject({ code: 'too_large' })
})

test('a hard link is a file like any other', async () => {
  const dir = await newDir()
  await writeFile(path.join(dir, 'a'), 'x')
  await link(path.join(dir, 'a'), path.join(dir, 'b'))
  expect(await ask(dir, 'b')).toBe('x')
})
