import { mkdtemp, rm, symlink, writeFile, truncate, mkdir, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { dotenv } from './dotenv.ts'

let home: string
let count = 0
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-dotenv-'))))
afterAll(() => rm(home, { recursive: true }))

const { signal } = new AbortController()
const ask = async (file: string, key: string) => {
  const provider = dotenv({ env: {}, options: { file } })
  const [answer] = await provider.resolve([{ provider: 'dotenv', key }], signal)
  return answer
}

providerContract('dotenv', () => {
  const file = path.join(home, `${count++}.env`)
  const values = new Map<string, string>()
  const save = () =>
    writeFile(file, [...values].map(([key, text]) => `${key}='${text}'\n`).join(''))
  return {
    provider: dotenv({ env: {}, options: { file } }),
    key: (word) => word.toUpperCase(),
    put: (key, text) => (values.set(key, text), save()),
    remove: (key) => (values.delete(key), save()),
    breakDown: async () => {
      await rm(file)
      await mkdir(file)
    },
  }
})

test('values are as written: nothing is expanded, comments and exports are understood', async () => {
  const file = path.join(home, 'written.env')
  await writeFile(file, '# c\nexport A=x # note\nB="${A}\\n$A"\nC=\n')
  const reveal = async (key: string) => {
    const answer = await ask(file, key)
    return answer !== undefined && 'value' in answer ? answer.value?.secret.reveal() : answer
  }
  expect(await Promise.all(['A', 'B', 'C', 'D'].map(reveal))).toEqual([
    'x',
    '${A}\n$A',
    '',
    undefined,
  ])
})

test('without the file everything is absent; a file that is not UTF-8 is an error', async () => {
  expect(await ask(path.join(home, 'nowhere', '.env'), 'A')).toEqual({ value: undefined })
  const file = path.join(home, 'latin1.env')
  await writeFile(file, Buffer.from('A=caf\xe9', 'latin1'))
  expect(await ask(file, 'A')).toMatchObject({ error: { code: 'invalid_value' } })
})

test('a file of 4 MiB is read, one byte more is too large', async () => {
  const file = path.join(home, 'large.env')
  await writeFile(file, `A=x\n#${'-'.repeat(LIMITS.documentBytesMax - 5)}`)
  expect(await ask(file, 'A')).toMatchObject({ value: { secret: expect.anything() } })
  await truncate(file, LIMITS.documentBytesMax + 1)
  expect(await ask(file, 'A')).toMatchObject({ error: { code: 'too_large' } })
})

test('an atomic replacement through a symbolic link is seen', async () => {
  const [first, second, link] = ['a', 'b', 'link'].map((name) => path.join(home, `${name}.swap`))
  await writeFile(first!, 'A=one')
  await writeFile(second!, 'A=two')
  await symlink(first!, link!)
  const provider = dotenv({ env: {}, options: { file: link! } })
  const seen = new Promise<void>((resolve) => {
    const stop = provider.watch!(
      { provider: 'dotenv', key: 'A' },
      () => {
        stop()
        resolve()
      },
      () => {},
    )
  })
  await new Promise((resolve) => setTimeout(resolve, 50))
  await symlink(second!, `${link}.new`)
  await rename(`${link}.new`, link!)
  await seen
  const answer = await ask(link!, 'A')
  expect(answer !== undefined && 'value' in answer && answer.value?.secret.reveal()).toBe('two')
})
