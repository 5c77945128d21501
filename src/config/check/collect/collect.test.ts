import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { LIMITS } from '../../../core/limits.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import { collectDocuments } from './documents.ts'
import { eachOf } from './each.ts'
import { ignoreRules } from './ignore.ts'
import { usagesIn } from './usages-in.ts'
import { collectUsages } from './usages.ts'
import { walk } from './walk.ts'

const home = mkdtempSync(path.join(tmpdir(), 'coffer-check-'))
afterAll(() => rmSync(home, { recursive: true, force: true }))
let count = 0
function make(files: Readonly<Record<string, string | Buffer>>): string {
  const dir = path.join(home, String((count += 1)))
  for (const [name, text] of Object.entries({ 'coffer.yaml': 'project: x\n', ...files })) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true })
    writeFileSync(path.join(dir, name), text)
  }
  return dir
}
const manifestIn = (dir: string): Manifest => ({
  file: path.join(dir, 'coffer.yaml'),
  dir,
  project: 'x',
  environments: [],
  secrets: [],
  providers: {},
  destinations: {},
  workloads: {},
})

test('of the lines that leave files out, the first thousand on the way to a file count', () => {
  const many = 'x*y\n'.repeat(1_500)
  const rules = Array.from({ length: 20 }, (_, i) => ignoreRules(many, `d${i}`)).reduce(
    (all, one) => all.and(one),
    ignoreRules('first\n', ''),
  )
  expect(rules.lines).toHaveLength(1_000)
  expect([rules.ignores('first', false), rules.ignores('other', false)]).toEqual([true, false])
})

const IGNORED = `# a comment
*.log
!keep.log
/only-here
build-*/
deep/**/x
a?c
[xy].ts
\\!odd
sub/one.ts
`
const FILES = [
  'a.log keep.log in/b.log only-here in/only-here build-1/f in/build-2/f build-3 deep/x deep/1/2/x',
  'abc in/adc ac x.ts y.ts z.ts !odd sub/one.ts in/sub/one.ts in/here.ts in/there.ts plain.ts',
]
  .join(' ')
  .split(' ')

test('what .gitignore leaves out is what git leaves out', () => {
  const dir = make(Object.fromEntries(FILES.map((file) => [file, 'x'])))
  writeFileSync(path.join(dir, '.gitignore'), IGNORED)
  writeFileSync(path.join(dir, 'in/.gitignore'), 'here.ts\n!b.log\n')
  execFileSync('git', ['init', '-q'], { cwd: dir })
  const args = ['ls-files', '--others', '--exclude-standard', '-z']
  const git = execFileSync('git', args, { cwd: dir, encoding: 'utf8' }).split('\0').filter(Boolean)
  const { files, skipped } = walk(dir, (name) => name !== '.gitignore')
  const passedOver = (file: string) => file.endsWith('.gitignore')
  expect(files.toSorted()).toEqual(git.filter((file) => !passedOver(file)).toSorted())
  expect(skipped).toEqual([])
})

test('what is installed, built, linked or of another project is passed over', () => {
  const dir = make({
    'node_modules/a/x.ts': '',
    'dist/x.ts': '',
    '.next/x.ts': '',
    'src/x.ts': '',
    'apps/other/coffer.yaml': '',
    'apps/other/src/x.ts': '',
  })
  symlinkSync(dir, path.join(dir, 'src/again'))
  expect(walk(dir, (name) => name.endsWith('.ts')).files).toEqual(['src/x.ts'])
  expect(ignoreRules('', '').ignores('x', false)).toBe(false)
})

test('so many files are looked through, and not one more: checkFilesMax', () => {
  const dir = make({ 'a.ts': '', 'b.ts': '', 'c.ts': '' })
  const wanted = (name: string) => name.endsWith('.ts')
  expect(walk(dir, wanted, 3).skipped).toEqual([])
  const { files, skipped } = walk(dir, wanted, 2)
  expect([files, skipped]).toEqual([
    ['a.ts', 'b.ts'],
    [{ file: 'c.ts', why: 'Only the first 2 files are looked through.' }],
  ])
  expect(LIMITS.checkFilesMax).toBeGreaterThan(10_000)
})

test('a file of checkFileBytesMax is looked through, a longer one and what is past checkBytesMax not', async () => {
  const code = "secretRef('a/b')"
  const dir = make({
    'fits.ts': code.padEnd(LIMITS.checkFileBytesMax),
    'long.ts': code.padEnd(LIMITS.checkFileBytesMax + 1),
  })
  const { usages, skipped } = await collectUsages(manifestIn(dir), undefined)
  expect(usages.map((usage) => usage.kind === 'reference' && usage.file)).toEqual(['fits.ts'])
  expect(skipped).toEqual([])
  const few = await collectUsages(manifestIn(dir), undefined, LIMITS.checkFileBytesMax - 1)
  expect(few.usages).toEqual([])
  expect(few.skipped).toMatchObject([{ file: 'fits.ts' }])
  expect(LIMITS.checkBytesMax).toBeGreaterThan(LIMITS.checkFileBytesMax)
})

test('checkOverlaysMax overlays are read; schemas and what is no document are not', async () => {
  const names = Array.from(
    { length: LIMITS.checkOverlaysMax },
    (_, i) => `config/${1_000 + i}.yaml`,
  )
  const files = Object.fromEntries(names.map((name) => [name, 'a: 1\n']))
  const dir = make({
    ...files,
    'config/schema.json': '{}',
    'config/app.schema.yaml': '',
    'config/x.ts': '',
  })
  const { documents, skipped } = await collectDocuments(manifestIn(dir))
  expect([documents.length, skipped]).toEqual([1 + LIMITS.checkOverlaysMax, []])
  writeFileSync(path.join(dir, 'config/zzz.json'), '{}')
  const more = await collectDocuments(manifestIn(dir))
  expect([more.documents.length, more.skipped.length]).toEqual([1 + LIMITS.checkOverlaysMax, 1])
})

test('an overlay that cannot be read is told, and its text is not', async () => {
  const dir = make({ 'config/bad.yaml': 'a: [canary\n' })
  const { skipped } = await collectDocuments(manifestIn(dir))
  expect(skipped).toMatchObject([{ file: 'config/bad.yaml' }])
  expect(JSON.stringify(skipped)).not.toContain('canary')
})

test('a manifest gives its keys and values, with their places', async () => {
  const yaml = `project: x
providers: { v: { kind: vault, token: "t-1" } }
secrets:
  api/token: env:TOKEN
  api/other: # none
    type: 'url'
`
  const dir = make({ 'coffer.yaml': yaml })
  const [{ scalars } = { scalars: [] }] = (await collectDocuments(manifestIn(dir))).documents
  expect(
    scalars.map(({ path: at, value, line, column }) => `${line}:${column} ${at} ${value}`),
  ).toEqual(['1:10 project x', '2:25 kind vault', '2:40 token t-1', '6:12 type url'])
})

const CODE = `import { secretRef, env } from 'coffer'
// secretRef('in/comment')
/* secretRef("in/block") */
const a = secretRef('db-url', z.url()) // https://x
const b = secretRef(
  "shop/api/key",
).optional()
const c = secretRef({ path: 'shop/prod/api/key', label: 'previous' })
const d = secretRef({ provider: 'aws', path: '/shop/key' })
const e = secretRef(\`shop/\${env}/x\`), f = secretRef(name)
const g = { secretRef: 'in-object' }
const h = process.env.STRIPE_KEY ?? env('DB_URL') ?? import.meta.env['OTHER']
`

test('references and variables are found in code, comments passed over', () => {
  const found = usagesIn(Buffer.from(CODE), 'x.ts', 'code')
  const references = found.filter((usage) => usage.kind === 'reference')
  expect(references.map(({ line, column, written }) => `${line}:${column} ${written}`)).toEqual([
    '4:11 db-url',
    '5:11 shop/api/key',
    '8:11 /shop/prod/api/key',
    '9:11 aws:/shop/key',
    '11:13 in-object',
  ])
  const variables = found.filter((usage) => usage.kind === 'variable')
  expect(variables.map(({ name }) => name)).toEqual(['STRIPE_KEY', 'DB_URL', 'OTHER'])
})

test("references are found in documents; Kubernetes's own secretRef is none of ours", () => {
  const yaml = `db:\n  url: { secretRef: db-url }\n  # secretRef: no\n  key:\n    secretRef:\n      path: shop/prod/key\nenvFrom:\n  - secretRef:\n      name: kube\n`
  const written = (text: string) =>
    usagesIn(Buffer.from(text), 'x', 'document').map((usage) => 'written' in usage && usage.written)
  expect(written(yaml)).toEqual(['db-url', '/shop/prod/key'])
  expect(written('{"a":{"secretRef":"x/y"},"b":{"secretRef":{"path":"p/q"}}}')).toEqual([
    'x/y',
    '/p/q',
  ])
})

test('work is done for each, some at a time, and the first failure is told', async () => {
  let now = 0
  let most = 0
  await eachOf(Array.from({ length: 500 }), async () => {
    most = Math.max(most, (now += 1))
    await Promise.resolve()
    now -= 1
  })
  expect(most).toBe(64)
  await expect(
    eachOf([1, 2, 3], async (n) => {
      if (n === 2) throw new Error('two')
    }),
  ).rejects.toThrow('two')
})
