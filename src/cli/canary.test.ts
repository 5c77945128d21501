import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { bench } from './test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store
const CANARY = `c4n4ry${randomBytes(12).toString('hex')}`

/** As itself, and as it looks in base64 and hex. */
const shapes = [
  CANARY,
  Buffer.from(CANARY).toString('base64').slice(0, 20),
  Buffer.from(CANARY).toString('hex'),
]

test('no command but get, export and run shows a value, also when it fails, also for debugging', async () => {
  await run(['set', 'c/a', '--type', 'password', '--tag', 'a=b'], { input: CANARY })
  await run(['set', 'c/url', '--type', 'url'], { input: `https://${CANARY}.example` })
  const env = join(dir, 'x.env')
  writeFileSync(env, `NEW_KEY=${CANARY}\nURL=https://${CANARY}.example\n`)
  const broken = join(dir, 'broken.json')
  writeFileSync(broken, `{"a": "${CANARY}" "b"}`)
  const commands = [
    ['list'],
    ['show', 'c/a'],
    ['history', 'c/a'],
    ['update', 'c/a', '--type', 'url'],
    ['update', 'c/a', '--type', 'number'],
    ['set', 'c/url', '--type', 'number'],
    ['set', 'c/url', '--type', 'json'],
    ['set', 'c/url', '--type', 'certificate'],
    ['set', 'c/url', '--pattern', '[0-9]+'],
    ['set', 'c/url', '--max', '3'],
    ['set', 'c/b', CANARY],
    ['get', 'c/a', '--field', 'x.y'],
    ['get', 'c/a', '--as', 'local:stranger'],
    ['rotate', 'c/url'],
    ['check', '--prefix', 'c'],
    ['import', env, '--prefix', 'c/i', '--dry-run'],
    ['import', env, '--prefix', 'c/i', '--infer-types'],
    ['import', env, '--prefix', 'c/i'],
    ['import', broken, '--prefix', 'c/j'],
    ['import', env, '--prefix', 'c/k', '--format', 'yaml'],
    ['audit', 'tail'],
    ['audit', 'query', '--path', 'c/**'],
    ['audit', 'export'],
    ['key', 'status'],
    ['key', 'rotate'],
    ['doctor'],
    ['sweep'],
    ['rollback', 'c/a'],
    ['destroy', 'c/url', '--version', '1', '--yes'],
    ['delete', 'c/a'],
    ['get', 'c/a'],
  ]
  for (const command of commands) {
    for (const json of [[], ['--json']]) {
      const { out, err } = await run([...command, ...json], {
        input: CANARY,
        env: { COFFER_DEBUG: '1' },
      })
      for (const shape of shapes) {
        expect(out, command.join(' ')).not.toContain(shape)
        expect(err, command.join(' ')).not.toContain(shape)
      }
    }
  }
})

test('values are stored up to the limit of bytes, and not one more', async () => {
  const { valueBytesMax } = LIMITS
  expect((await run(['set', 'c/limit'], { input: 'x'.repeat(valueBytesMax) })).code).toBe(0)
  const over = await run(['set', 'c/limit'], { input: 'x'.repeat(valueBytesMax + 1) })
  expect([over.code, over.err.includes('too_large')]).toEqual([65, true])
})

test('a file of a thousand variables is imported as one change, and comes back', async () => {
  const lines = Array.from({ length: 1_000 }, (_, i) => `V_${i}=value ${i}`)
  const file = join(dir, 'many.env')
  writeFileSync(file, `${lines.join('\n')}\n`)
  const done = await run(['import', file, '--prefix', 'many', '--json'])
  expect(done.code, done.err).toBe(0)
  const out = (await run(['export', 'many', '--format', 'json'])).json()
  expect(Object.keys(out)).toHaveLength(1_000)
  expect(out['v-999']).toBe('value 999')
})

test('an error that nobody expected says what it is, and its frames only for debugging', async () => {
  const broken = await bench({ bare: true })
  const missing = ['list', '--checkpoint', join(dir, 'nowhere.json')]
  expect((await broken.run(missing)).code).toBe(66)
  const plain = await broken.run(['list'])
  expect(plain.err).not.toContain('    at ')
  const debug = await broken.run(['list'], { env: { COFFER_DEBUG: '1' } })
  expect(debug.err).toContain('    at ')
  await broken[Symbol.asyncDispose]()
})
