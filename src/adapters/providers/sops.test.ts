import { spawnSync } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { providerContract } from '../../testing/provider-contract.ts'
import { sops } from './sops.ts'
import { testDir, told } from './test-service.ts'

/** Prints a file as if it had opened it, and ends as the file's first line says: `exit 128`. */
const STAND_IN = `#!/bin/sh
[ "$1 $2" = "decrypt --output-type" ] || exit 64
echo "$4" >> "$SEEN"
read -r first < "$4"
case "$first" in
  'exit '*) echo canary >&2; exit "\${first#exit }" ;;
  endless) while :; do echo endless; done ;;
  hang) exec sleep 30 ;;
  environment) env; exit ;;
esac
[ "$3" = json ] && [ "$first" = typed ] && { echo '{"type":"json"}'; exit; }
cat "$4"
`

async function standIn(options: Record<string, string> = {}, more: Record<string, string> = {}) {
  const state = await testDir()
  const program = path.join(state.dir, 'sops-stand-in')
  const seen = path.join(state.dir, 'seen')
  const dir = path.join(state.dir, 'files')
  await writeFile(program, STAND_IN, { mode: 0o755 })
  await writeFile(seen, '')
  await mkdir(dir)
  const env = { PATH: process.env['PATH'], SEEN: seen, ...more }
  const provider = sops({ env, options: { dir, program, ...options } })
  return {
    provider,
    dir,
    put: (key: string, text: string | Uint8Array) => writeFile(path.join(dir, key), text),
    opened: async () => (await readFile(seen, 'utf8')).split('\n').length - 1,
    ask: async (key: string, signal = new AbortController().signal, more = {}) =>
      told((await provider.resolve([{ provider: 'sops', key, ...more }], signal))[0]),
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  }
}

test('it is given the environment, and none of the keys of Coffer itself', async () => {
  await using place = await standIn(
    {},
    { COFFER_MASTER_KEY: 'canary', COFFER_TOKEN: 'canary', A: 'x' },
  )
  await place.put('a.txt', 'environment\n')
  const text = String(await place.ask('a.txt'))
  expect(text).toMatch(/^A=x$/m)
  expect(text).not.toContain('canary')
})

providerContract('sops', async () => {
  const place = await standIn()
  return {
    provider: place.provider,
    key: (word) => `${word}.txt`,
    put: (key, text) => place.put(key, text),
    remove: (key) => rm(path.join(place.dir, key)),
    deny: (key) => place.put(key, 'exit 128\n'),
    breakDown: async () => {
      await place.put('some.txt', 'exit 2\n')
      await place.put('other.txt', 'exit 2\n')
    },
    close: async () => place[Symbol.asyncDispose](),
  }
})

test.each([
  [1, 'corrupt'],
  [2, 'unavailable'],
  [24, 'corrupt'],
  [25, 'corrupt'],
  [51, 'corrupt'],
  [52, 'corrupt'],
  [111, 'denied'],
  [128, 'denied'],
  [200, 'unavailable'],
])('exit code %i is %s, and what it printed is not shown', async (code, expected) => {
  await using place = await standIn()
  await place.put('a.yaml', `exit ${code}\n`)
  const error = await place.ask('a.yaml')
  expect(error).toMatchObject({ code: expected })
  expect(JSON.stringify(error)).not.toContain('canary')
})

const EVIL = 'https://evil.example'
const FILES = {
  'a.yaml': `sops:\n  key_groups:\n    - hc_vault:\n        - vault_address: ${EVIL}\n`,
  'b.yaml': `sops: { hc_vault: [{ "\\x76ault_address": "${EVIL}" }] }\n`,
  'c.yaml': `a: &a ${EVIL}\nsops: { hc_vault: [{ vault_address: *a }] }\n`,
  'd.yaml': `a: &a vault_address\nsops: { hc_vault: [{ *a : ${EVIL} }] }\n`,
  'e.yaml': `sops: { hc_vault: [{ !!binary dmF1bHRfYWRkcmVzcw==: ${EVIL} }] }\n`,
  'f.yaml': `a: 1\n---\nsops: { hc_vault: [{ vault_address: ${EVIL} }] }\n`,
  'g.yaml': `a: [\nsops: { hc_vault: [{ vault_address: ${EVIL} }] }\n`,
  'h.json': JSON.stringify({ sops: { hc_vault: [{ vault_address: EVIL }] } }),
  'i.bin': `{"sops": {"hc_vault": [{"vault\\u005faddress": "${EVIL}"}]}}`,
  'j.env': `sops_hc_vault__list_0__map_vault_address=${EVIL}\n`,
  'k.ini': `[sops]\nhc_vault__list_0__map_vault_address = "${EVIL}"\n`,
}

test.each(Object.entries(FILES))(
  'a file that asks a Vault which only the file names is opened by nobody: %s',
  async (name, text) => {
    await using place = await standIn()
    await place.put(name, text)
    const error = await place.ask(name)
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(?:unknown_provider|corrupt)$/) as unknown,
    })
    expect(await place.opened()).toBe(0)
  },
)

test('a file that asks the Vault of the environment is opened', async () => {
  await using place = await standIn({}, { VAULT_ADDR: `${EVIL}/` })
  for (const name of ['a.yaml', 'b.yaml', 'h.json', 'j.env', 'k.ini'] as const) {
    await place.put(name, FILES[name])
    expect(typeof (await place.ask(name))).toBe('string')
  }
})

test('a document is asked for as JSON, another file as the bytes it is', async () => {
  await using place = await standIn()
  for (const name of ['a.yaml', 'a.yml', 'a.json', 'a.env', 'a.ini']) {
    await place.put(name, 'typed\n')
    expect(await place.ask(name)).toBe('{"type":"json"}\n')
  }
  await place.put('a.pem', 'typed\n')
  expect(await place.ask('a.pem')).toBe('typed\n')
  const bytes = Uint8Array.of(0xff, 0, 0xfe)
  await place.put('a.bin', bytes)
  expect(await place.ask('a.bin')).toEqual(bytes)
})

test('a file is opened once for all that is wanted of it', async () => {
  await using place = await standIn({ file: 'all.json' })
  await place.put('all.json', '{"api":{"key":"k","n":1.0,"none":null},"deep":{"a":["x"]}}')
  const keys = ['api/key', '/api/n', 'api/none', 'api/other', 'deep', 'deep/a/0', 'api/key/length']
  const refs = keys.map((key) => ({ provider: 'sops', key }))
  const answers = await place.provider.resolve(refs, new AbortController().signal)
  expect(answers.map(told)).toEqual([
    'k',
    '1.0',
    undefined,
    undefined,
    '{"a":["x"]}',
    'x',
    undefined,
  ])
  expect(await place.opened()).toBe(1)
})

test('output of the limit is read, one byte more is too large, and no end is not waited for', async () => {
  await using place = await standIn()
  await place.put('most.txt', 'x'.repeat(LIMITS.valueBytesCeiling))
  await place.put('more.txt', 'x'.repeat(LIMITS.valueBytesCeiling + 1))
  await place.put('endless.txt', 'endless\n')
  await place.put('hang.txt', 'hang\n')
  expect(await place.ask('most.txt')).toHaveLength(LIMITS.valueBytesCeiling)
  expect(await place.ask('more.txt')).toMatchObject({ code: 'too_large' })
  expect(await place.ask('endless.txt')).toMatchObject({ code: 'too_large' })
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('Too late.')), 50)
  expect(await place.ask('hang.txt', controller.signal)).toMatchObject({ message: 'Too late.' })
})

test('what is no file, no name and no program is told apart', async () => {
  await using place = await standIn()
  await mkdir(path.join(place.dir, 'folder.yaml'))
  expect(await place.ask('none.yaml')).toBeUndefined()
  expect(await place.ask('folder.yaml')).toMatchObject({ code: 'invalid_value' })
  expect(await place.ask('a/../b')).toMatchObject({ code: 'invalid_reference' })
  expect(await place.ask('a', undefined, { version: 1 })).toMatchObject({
    code: 'invalid_reference',
  })
  await using absent = await standIn({ program: '/nowhere/sops' })
  await absent.put('a.yaml', 'x')
  const error = await absent.ask('a.yaml')
  expect(error).toMatchObject({
    code: 'missing_dependency',
    remedy: expect.stringMatching(/getsops/) as unknown,
  })
})

/** Where the program is installed it is asked itself. */
const real = spawnSync('sops', ['--help'], { stdio: 'ignore' }).status === 0

describe.skipIf(!real)('with SOPS itself', () => {
  test('documents and bytes are opened by an age key, and by no other', async () => {
    await using state = await testDir()
    const { dir } = state
    const identity = await generateIdentity()
    const recipient = await identityToRecipient(identity)
    const encrypt = async (name: string, content: string | Uint8Array) => {
      await writeFile(path.join(dir, name), content)
      const args = ['encrypt', '-i', '--age', recipient, path.join(dir, name)]
      expect(spawnSync('sops', args, { stdio: 'ignore' }).status).toBe(0)
    }
    await encrypt('a.yaml', 'db:\n  password: ключ\n')
    await encrypt('b.env', 'A=1\n')
    const bytes = Uint8Array.of(0xff, 0, 0xfe, 10)
    await encrypt('c.bin', bytes)
    await writeFile(path.join(dir, 'plain.yaml'), 'a: 1\n')
    const text = await readFile(path.join(dir, 'a.yaml'), 'utf8')
    await writeFile(path.join(dir, 'changed.yaml'), text.replace(/data:.{4}/, 'data:AAAA'))
    const ask = async (key: string, SOPS_AGE_KEY: string) => {
      const env = { PATH: process.env['PATH'], HOME: dir, SOPS_AGE_KEY }
      const provider = sops({ env, options: { dir } })
      const [answer] = await provider.resolve(
        [{ provider: 'sops', key }],
        new AbortController().signal,
      )
      return told(answer)
    }
    expect(JSON.parse(String(await ask('a.yaml', identity)))).toEqual({ db: { password: 'ключ' } })
    expect(JSON.parse(String(await ask('b.env', identity)))).toEqual({ A: '1' })
    expect(await ask('c.bin', identity)).toEqual(bytes)
    expect(await ask('a.yaml', await generateIdentity())).toMatchObject({ code: 'denied' })
    expect(await ask('plain.yaml', identity)).toMatchObject({ code: 'corrupt' })
    expect(await ask('changed.yaml', identity)).toMatchObject({ code: 'corrupt' })
  })
})
