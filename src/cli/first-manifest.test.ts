import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { bench } from './test-world.ts'

const store = await bench({ bare: true })
afterAll(() => store[Symbol.asyncDispose]())
const folder = (name: string) => {
  const dir = join(store.dir, name)
  mkdirSync(join(dir, '.git'), { recursive: true })
  return dir
}

test('init --manifest begins a manifest beside the store, and twice is once', async () => {
  const cwd = folder('My shop')
  const first = await store.run(['init', '--manifest', '--yes'], { cwd })
  expect(first).toMatchObject({ code: 0 })
  const file = join(cwd, 'coffer.yaml')
  const text = readFileSync(file, 'utf8')
  expect(text).toContain('project: My-shop\n')
  expect(await store.run(['check', '--env', 'prod'], { cwd })).toMatchObject({ code: 0 })
  writeFileSync(file, text.replaceAll('  # ', '  '))
  expect(await store.run(['check', '--env', 'prod'], { cwd })).toMatchObject({ code: 1 })
  expect((await store.run(['docs', 'env'], { cwd })).out).toContain(
    'coffer set api/stripe-key --env dev',
  )
  const { markdown } = (await store.run(['docs', 'env', '--json'], { cwd })).json<{
    markdown: string
  }>()
  expect(markdown).toContain('coffer set api/stripe-key --env dev')
  const again = await store.run(['init', '--manifest', '--yes'], { cwd })
  expect(again).toMatchObject({ code: 0 })
  expect(again.err).toContain('left as it is')
  expect(readFileSync(file, 'utf8')).toBe(text.replaceAll('  # ', '  '))
})

test('what a project file says already stays', async () => {
  const cwd = folder('other')
  writeFileSync(join(cwd, 'coffer.yaml'), 'dataDir: .coffer\n')
  await store.run(['init', '--manifest', '--yes'], { cwd })
  const text = readFileSync(join(cwd, 'coffer.yaml'), 'utf8')
  expect(text).toMatch(/^project: other$/m)
  expect(text).toMatch(/dataDir: \.coffer\n$/)
  expect((await store.run(['types'], { cwd })).code).toBe(0)
})

test('a store that is made beside a manifest says what asks for its secrets', async () => {
  const cwd = folder('declared')
  const manifest = 'project: shop\nenvironments: [prod]\nsecrets: { api/key: }\ndataDir: .coffer\n'
  writeFileSync(join(cwd, 'coffer.yaml'), manifest)
  const made = await store.run(['init'], { cwd, env: { COFFER_DATA_DIR: undefined } })
  expect(made.err).toContain('Next: coffer check says')
})

test("who names the project's own .coffer finds it again without naming it", async () => {
  const cwd = join(store.dir, 'named')
  mkdirSync(join(cwd, '.git'), { recursive: true })
  const env = { COFFER_DATA_DIR: undefined }
  const made = await store.run(['init', '--manifest', '--data-dir', '.coffer'], { cwd, env })
  expect(made.code, made.err).toBe(0)
  expect(made.err).not.toContain('COFFER_DATA_DIR=')
  expect(readFileSync(join(cwd, '.gitignore'), 'utf8')).toBe('.coffer/\n')
  expect((await store.run(['list'], { cwd, env })).code).toBe(0)
})
