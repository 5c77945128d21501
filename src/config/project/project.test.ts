import { execFileSync } from 'node:child_process'
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError, memoryProvider } from '../index.ts'
import { findProject } from '../project.ts'
import { readFlat } from './flat.ts'

let home: string
let count = 0
beforeAll(async () => {
  home = await realpath(await mkdtemp(path.join(tmpdir(), 'coffer-project-')))
  await mkdir(path.join(home, '.git'))
})
afterAll(() => rm(home, { recursive: true }))

const make = async (files: Record<string, string>) => {
  const dir = path.join(home, String(count++))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true })
    await writeFile(path.join(dir, name), text)
  }
  return dir
}
const projectOf = async (yaml: string) => {
  const found = await findProject(await make({ 'coffer.yaml': yaml }))
  if (found === undefined) throw new Error('No project was found.')
  return found
}
const INDEX = new URL('../index.ts', import.meta.url).href
const MODULE = `import { defineConfig, secretRef } from ${JSON.stringify(INDEX)}
export default defineConfig({ db: { url: secretRef('db-url') } }, { prefix: ({ env }) => \`m/\${env}\` })
`
const providers = {
  coffer: memoryProvider({
    'shop/dev/api/db-url': 'https://db',
    'shop/dev/api/key': 'k',
    'm/dev/db-url': 'of the module',
  }),
}
const load = { providers, processEnv: { CI_TOKEN: 'tok' } }

test('a project is found from below, and says where things are', async () => {
  const dir = await make({
    'coffer.yaml': 'project: shop\nprefix: ${project}/${env}/api\ndataDir: ./.coffer\n',
    'src/deep/x': '',
  })
  const project = await findProject(path.join(dir, 'src/deep'))
  expect(project).toMatchObject({
    file: path.join(dir, 'coffer.yaml'),
    dir,
    name: 'shop',
    dataDir: path.join(dir, '.coffer'),
    hasReferences: false,
    configFile: undefined,
  })
  expect(project?.prefix('prod')).toBe('shop/prod/api')
  expect(await project?.references('dev')).toEqual([])
})

test('the search ends at .git, and below what everybody may write to', async () => {
  const inside = await make({ 'repo/.git/x': '', 'repo/sub/x': '', 'coffer.yaml': 'project: a' })
  expect(await findProject(path.join(inside, 'repo/sub'))).toBeUndefined()
  const shared = await make({ 'coffer.yaml': 'project: a', 'mine/x': '' })
  await chmod(shared, 0o1777)
  expect(await findProject(path.join(shared, 'mine'))).toBeUndefined()
  expect((await findProject(shared))?.name).toBe('a')
})

test('JSON does as well; both at once do not', async () => {
  const dir = await make({ 'coffer.json': '{"project":"shop"}' })
  expect((await findProject(dir))?.name).toBe('shop')
  await writeFile(path.join(dir, 'coffer.yaml'), 'project: shop')
  expect((await refusalOf(() => findProject(dir))).code).toBe('invalid_config')
})

const SECRETS = `prefix: shop/\${env}/api
secrets:
  db-url: { type: url }
  API_KEY: key
  token: { secretRef: "env:CI_TOKEN", env: MY_TOKEN }
  gone: { optional: true }
`

test('its secrets become an environment', async () => {
  const project = await projectOf(SECRETS)
  expect(project.hasReferences).toBe(true)
  const found = await project.resolveEnvironment(load)
  expect(Object.fromEntries([...found].map(([name, held]) => [name, held.reveal()]))).toEqual({
    DB_URL: 'https://db',
    API_KEY: 'k',
    MY_TOKEN: 'tok',
  })
  expect(await project.check(load)).toMatchObject({ ok: true })
  expect((await project.references('prod')).map(({ key }) => key)).toEqual([
    'shop/prod/api/db-url',
    'shop/prod/api/key',
    'CI_TOKEN',
    'shop/prod/api/gone',
  ])
})

test('what is wrong with them is told at once', async () => {
  const project = await projectOf('secrets:\n  a: { type: number }\n  b:\n  c: ../x\n')
  const broken = { providers: { coffer: memoryProvider({ a: 'canary' }) } }
  const error = await refusalOf(() => project.resolveEnvironment(broken))
  const problems = error instanceof ConfigError ? error.problems : []
  expect(problems.map(({ position, field, code }) => `${position} ${field} ${code}`)).toEqual([
    'coffer.yaml:2:6 secrets.a invalid_value',
    'coffer.yaml:3:5 secrets.b not_found',
    'coffer.yaml:4:6 secrets.c invalid_path',
  ])
  expect(error.message).not.toContain('canary')
})

test.each(['ts', 'mts', 'js', 'mjs'])('coffer.config.%s alone makes a project', async (ext) => {
  const dir = await make({
    [`coffer.config.${ext}`]: MODULE,
    'package.json': '{"type":"module"}',
  })
  const project = await findProject(dir)
  expect(project?.hasReferences).toBe(true)
  const found = await project?.resolveEnvironment(load)
  expect([...(found ?? [])].map(([name, held]) => [name, held.reveal()])).toEqual([
    ['DB_URL', 'of the module'],
  ])
})

test('finding a project runs none of its code', async () => {
  const dir = await make({ 'coffer.config.mjs': 'throw new Error("ran")' })
  const project = await findProject(dir)
  expect(project?.configFile).toBe(path.join(dir, 'coffer.config.mjs'))
  expect((await refusalOf(async () => project?.check(load))).code).toBe('invalid_config')
})

test('a module without a configuration says so', async () => {
  const dir = await make({ 'coffer.config.mjs': 'export default { a: 1 }' })
  const project = await findProject(dir)
  expect((await refusalOf(async () => project?.references('dev'))).message).toContain('default')
})

test('coffer.yaml and a module together are both resolved; one name twice is refused', async () => {
  const both = { 'coffer.yaml': SECRETS, 'coffer.config.mjs': MODULE }
  const project = await findProject(await make(both))
  expect(await project?.references('dev')).toHaveLength(5)
  const error = await refusalOf(async () => project?.resolveEnvironment(load))
  expect(error).toMatchObject({ problems: [{ field: 'DB_URL', code: 'env_collision' }] })
})

test('the environment is the option, COFFER_ENV, coffer.yaml, NODE_ENV, dev', async () => {
  const project = await projectOf('environment: stage')
  const plain = await projectOf('project: x')
  expect(project.environmentName({ env: 'a', processEnv: { COFFER_ENV: 'b' } })).toBe('a')
  expect(project.environmentName({ processEnv: { COFFER_ENV: 'b', NODE_ENV: 'c' } })).toBe('b')
  expect(project.environmentName({ processEnv: { NODE_ENV: 'c' } })).toBe('stage')
  expect(plain.environmentName({ processEnv: { NODE_ENV: 'c' } })).toBe('c')
  expect(plain.environmentName({ processEnv: {} })).toBe('dev')
})

test.each([
  ['projekt: x', '1:1'],
  ['project: [x]', '1:10'],
  ['project: ""', '1:10'],
  ['project: 7', '1:10'],
  ['environment: a/b', '1:14'],
  ['- x', '1:1'],
  ['destinations: {}', '1:1'],
  ['providers: { aws: { kind: avs } }', '1:27'],
  ['secrets: []', '1:10'],
  ['secrets: { a: { secretref: b } }', '1:17'],
  ['secrets: { a: { rotate: 30d } }', '1:17'],
  ['secrets: { a: { type: nope } }', '1:23'],
  ['secrets: { a: { optional: 1 } }', '1:15'],
])('%j is refused at %s', async (yaml, position) => {
  const error = await refusalOf(() => projectOf(yaml))
  expect(error).toMatchObject({ problems: [{ position: `coffer.yaml:${position}` }] })
})

test('an empty project file is one all the same', async () => {
  expect(await projectOf('# nothing yet\n')).toMatchObject({ hasReferences: false })
})

test('a prefix knows env, and project where there is one', async () => {
  const unknown = await projectOf('prefix: a/${nope}')
  expect(() => unknown.prefix('dev')).toThrow('knows')
  const unset = await projectOf('prefix: a/${project}')
  expect(() => unset.prefix('dev')).toThrow('knows')
  const escaping = await projectOf('prefix: a/../${env}')
  expect(() => escaping.prefix('dev')).toThrow('segment')
})

test('the quick reader agrees with YAML, or leaves it to YAML', async () => {
  const { parse } = await import('yaml')
  const plain =
    'x shop/${env}/api ./.coffer .coffer /data/secrets ../up _a yes a.b a- nullx ./ ./.inf'
  const odd = 'true False NULL null ~ .inf .Inf .NaN 7 0x1 1e3 - "q" [a] a#c *x &x !t | > %x @x `x'
  const braced = "'q' a{b a} ${env} .. . ... é"
  const values = [plain, odd, braced].flatMap((line) => line.split(' '))
  values.push('a: b', 'a #c', 'a ', '\ta', '')
  let quick = 0
  for (const value of values) {
    const text = `prefix: ${value}\n# c\n\ndataDir: ./x\n`
    const found = readFlat(text)
    if (found === undefined) continue
    quick++
    expect(found, value).toEqual(parse(text))
  }
  expect(quick).toBeGreaterThan(10)
  expect(readFlat('prefix: a\nprefix: b')).toBeUndefined()
  expect(readFlat('secrets: a')).toBeUndefined()
  expect(readFlat('project: a/b')).toBeUndefined()
  expect(readFlat('project: a\r\n')).toBeUndefined()
})

test.each([
  ['./.coffer', []],
  ['"./.coffer" # quoted', []],
  ['"\\x2e/.coffer"', ['yaml']],
])('the YAML parser is loaded only where it is needed: dataDir: %s', async (dataDir, expected) => {
  const dir = await make({ 'coffer.yaml': `dataDir: ${dataDir}\n` })
  const module = new URL('../project.ts', import.meta.url).href
  const code = `
    const { findProject } = await import(${JSON.stringify(module)})
    await findProject(${JSON.stringify(dir)})
    const { createRequire } = await import('node:module')
    const loaded = Object.keys(createRequire('file:///x/').cache)
    const packages = loaded.flatMap((f) => /node_modules.([a-z]+)/.exec(f)?.[1] ?? [])
    console.log(JSON.stringify([...new Set(packages)]))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code])
  expect(JSON.parse(out.toString())).toEqual(expected)
})
