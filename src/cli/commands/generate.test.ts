import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { SHOP } from '../../config/generate/test-manifest.ts'
import { bench } from '../test-world.ts'

const store = await bench()
afterAll(() => store[Symbol.asyncDispose]())
const { run, dir } = store

const cwd = join(dir, 'shop')
mkdirSync(join(cwd, '.git'), { recursive: true })
writeFileSync(join(cwd, 'coffer.yaml'), SHOP)

test.each(['terraform', 'kubernetes'])(
  '%s writes what it says, and the same again',
  async (name) => {
    const first = await run([name, '--out', name, '--json'], { cwd })
    expect(first.code, first.err).toBe(0)
    const { files } = first.json<{ files: string[] }>()
    expect(files).toContain(join(cwd, name, 'README.md'))
    const text = () => files.map((file) => readFileSync(file, 'utf8')).join('\n')
    const before = text()
    expect((await run([name, '--out', name], { cwd })).code).toBe(0)
    expect(text()).toBe(before)
  },
)

test.each(['terraform', 'kubernetes'])(
  '%s writes over nothing that is not its own',
  async (name) => {
    const out = join(cwd, `${name}-own`)
    mkdirSync(out)
    writeFileSync(join(out, 'README.md'), '# Ours\n')
    const refused = await run([name, '--out', out], { cwd })
    expect([refused.code, refused.err]).toMatchObject([73, expect.stringContaining('README.md')])
    expect(readdirSync(out)).toEqual(['README.md'])
  },
)

test('without --out, or a manifest, nothing is made', async () => {
  expect((await run(['terraform'], { cwd })).code).toBe(64)
  const plain = join(dir, 'plain')
  mkdirSync(join(plain, '.git'), { recursive: true })
  const none = await run(['kubernetes', '--out', 'k8s'], { cwd: plain })
  expect([none.code, none.err]).toMatchObject([66, expect.stringContaining('docs/manifest.md')])
  expect(existsSync(join(plain, 'k8s'))).toBe(false)
})

test('a link in a checkout leads no file that is written out of it', async () => {
  const victim = join(dir, 'victim')
  mkdirSync(join(cwd, 'linked'))
  const names = ['linked/secrets.tf', 'linked.d.ts', 'linked.xml']
  for (const name of names) symlinkSync(victim, join(cwd, name))
  for (const [words, name] of [
    [['terraform', '--out', 'linked'], 'linked/secrets.tf'],
    [['types', '--out', 'linked.d.ts'], 'linked.d.ts'],
    [['check', '--env', 'prod', '--static', '--out', 'linked.xml'], 'linked.xml'],
  ] as const) {
    const refused = await run([...words], { cwd })
    expect(refused.err, refused.out).toContain(`${join(cwd, name)} is a symbolic link`)
    expect(refused.code).toBe(77)
  }
  expect(existsSync(victim)).toBe(false)
})
