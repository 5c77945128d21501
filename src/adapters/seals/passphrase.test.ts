import { argon2Sync, randomBytes } from 'node:crypto'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { SealContext } from '../../core/ports/seal.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { sealContract } from '../../testing/seal-contract.ts'
import { sealWorld } from '../../testing/seal-world.ts'
import { passphrase } from './passphrase.ts'

sealContract('passphrase', passphrase, () =>
  sealWorld({ COFFER_PASSPHRASE: randomBytes(12).toString('base64') }),
)

const here = mkdtempSync(join(tmpdir(), 'coffer-passphrase-'))
afterAll(() => rmSync(here, { recursive: true, force: true }))

const WORDS = 'correct horse battery'
const world = (env: Record<string, string>, more: Partial<SealContext> = {}): SealContext => ({
  env,
  options: {},
  dataDir: join(here, 'data'),
  configDir: join(here, 'config'),
  random: (bytes) => randomBytes(bytes),
  ...more,
})
const given = (words: string) => world({ COFFER_PASSPHRASE: words })
const asking = (...answers: string[]) => {
  const questions: string[] = []
  const prompt = async (question: string): Promise<string> => {
    questions.push(question)
    return answers.shift() ?? ''
  }
  return { context: world({}, { prompt }), questions }
}
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const PARAMS = {
  algorithm: 'argon2id',
  memoryKiB: 65_536,
  passes: 3,
  parallelism: 4,
  salt: Buffer.alloc(16, 7).toString('base64'),
}

test('the key is Argon2id of the passphrase with the work factors of the header', async () => {
  const expected = argon2Sync('argon2id', {
    message: WORDS,
    nonce: Buffer.alloc(16, 7),
    memory: 65_536,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  })
  expect(hex(await passphrase.unseal(PARAMS, given(WORDS)))).toBe(hex(expected))
})

test('one store, one salt', async () => {
  const [a, b] = [
    await passphrase.establish(given(WORDS)),
    await passphrase.establish(given(WORDS)),
  ]
  expect(a.params['salt']).not.toBe(b.params['salt'])
  expect(Buffer.from(a.params['salt'] as string, 'base64').length).toBe(16)
})

test('a file comes before the environment, the environment before a person', async () => {
  const file = join(here, 'words')
  writeFileSync(file, `${WORDS}\n`, { mode: 0o600 })
  const expected = hex(await passphrase.unseal(PARAMS, given(WORDS)))
  const context = world({ COFFER_PASSPHRASE: 'another one' }, { options: { passphraseFile: file } })
  expect(hex(await passphrase.unseal(PARAMS, context))).toBe(expected)
  expect(passphrase.ready(context)).toBe(true)
  chmodSync(file, 0o644)
  expect((await refusalOf(() => passphrase.unseal(PARAMS, context))).code).toBe('key_exposed')
  const { context: askedOnly, questions } = asking('never')
  const both = { ...askedOnly, env: { COFFER_PASSPHRASE: WORDS } }
  expect(hex(await passphrase.unseal(PARAMS, both))).toBe(expected)
  expect(questions).toEqual([])
})

test('a person is asked twice to make it and once to open it', async () => {
  const making = asking(WORDS, WORDS)
  const { rootKey, params } = await passphrase.establish(making.context)
  expect(making.questions.length).toBe(2)
  const opening = asking(WORDS)
  expect(hex(await passphrase.unseal(params, opening.context))).toBe(hex(rootKey))
  expect(opening.questions.length).toBe(1)
  const differing = asking(WORDS, `${WORDS}!`)
  expect((await refusalOf(() => passphrase.establish(differing.context))).code).toBe('invalid_key')
})

test('where nobody can be asked it is `sealed`, and it is not ready', async () => {
  const context = world({})
  expect(passphrase.ready(context)).toBe(false)
  expect((await refusalOf(() => passphrase.establish(context))).code).toBe('sealed')
  expect((await refusalOf(() => passphrase.unseal(PARAMS, context))).code).toBe('sealed')
})

test('8 characters make a store, 7 do not, and characters are counted, not bytes', async () => {
  expect((await passphrase.establish(given('eight ch'))).rootKey.length).toBe(32)
  for (const short of ['seven c', '🔑'.repeat(7)]) {
    const error = await refusalOf(() => passphrase.establish(given(short)))
    expect(error.code).toBe('invalid_key')
    expect(error.message).not.toContain(short)
  }
})

test('1024 bytes are taken, 1025 and none are refused', async () => {
  expect((await passphrase.unseal(PARAMS, given('x'.repeat(1_024)))).length).toBe(32)
  for (const words of ['', 'x'.repeat(1_025)]) {
    const error = await refusalOf(() => passphrase.unseal(PARAMS, given(words)))
    expect(error.code).toBe('invalid_key')
  }
})

test('the same words in another Unicode form are the same words', async () => {
  const composed = await passphrase.unseal(PARAMS, given('Schl\u00fcssel'))
  const decomposed = await passphrase.unseal(PARAMS, given('Schlu\u0308ssel'))
  expect(hex(decomposed)).toBe(hex(composed))
})

test.each([
  ['memory past the limit', { memoryKiB: 262_145 }],
  ['memory below the least', { memoryKiB: 65_535 }],
  ['passes past the limit', { passes: 11 }],
  ['passes below the least', { passes: 2 }],
  ['no lane', { parallelism: 0 }],
  ['too many lanes', { parallelism: 17 }],
  ['half a pass', { passes: 3.5 }],
  ['text for a number', { memoryKiB: '65536' }],
  ['another algorithm', { algorithm: 'argon2i' }],
  ['a short salt', { salt: 'AAAA' }],
  ['no salt', { salt: null }],
])('a header with %s is refused before any work is done', async (_, change) => {
  const started = performance.now()
  const error = await refusalOf(() => passphrase.unseal({ ...PARAMS, ...change }, given(WORDS)))
  expect(error.code).toBe('corrupt')
  expect(performance.now() - started).toBeLessThan(50)
})
