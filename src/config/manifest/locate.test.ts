import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError, defineConfig, memoryProvider, readManifest, secretRef } from '../index.ts'
import type { Manifest } from '../index.ts'

let home: string
let manifest: Manifest
beforeAll(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'coffer-locate-'))
  await writeFile(
    path.join(home, 'coffer.yaml'),
    `project: shop
environments: { dev: , prod: { provider: ci } }
providers: { ci: { kind: memory } }
secrets:
  api/key: { secretRef: { dev: other/key } }
  api/debug: { environments: [dev] }
`,
  )
  manifest = await readManifest(home)
})
afterAll(() => rm(home, { recursive: true }))

const coffer = memoryProvider({ 'shop/dev/other/key': 'k', 'shop/dev/api/debug': 'd', x: 'abs' })
const load = (env: string) => ({ env, processEnv: {}, providers: { coffer } })

test('references of code lead where the manifest says', async () => {
  const config = defineConfig(
    { key: secretRef('api/key'), debug: secretRef('api/debug').optional(), x: secretRef('/x') },
    { manifest },
  )
  const found = await config.load(load('dev'))
  expect([found.key.reveal(), found.debug?.reveal(), found.x.reveal()]).toEqual(['k', 'd', 'abs'])
  expect(config.references('prod').map(({ provider, key }) => `${provider}:${key}`)).toEqual([
    'ci:shop/prod/api/key',
    'coffer:x',
  ])
})

test('what an environment does not need is absent there', async () => {
  const ci = memoryProvider({ 'shop/prod/api/key': 'p' })
  const prod = { ...load('prod'), providers: { coffer, ci } }
  const config = defineConfig(
    { key: secretRef('api/key'), debug: secretRef('api/debug').optional() },
    { manifest },
  )
  const found = await config.load(prod)
  expect([found.key.reveal(), found.debug]).toEqual(['p', undefined])
  const demanding = defineConfig({ debug: secretRef('api/debug') }, { manifest })
  expect(await refusalOf(() => demanding.load(prod))).toMatchObject({
    problems: [{ field: 'debug', code: 'not_found' }],
  })
})

test('a name that is not declared, and an environment that is not listed, are refused', async () => {
  const config = defineConfig({ key: secretRef('api/kye') }, { manifest })
  const error = await refusalOf(() => config.load(load('dev')))
  expect(error instanceof ConfigError && error.problems[0]?.code).toBe('invalid_reference')
  expect((await refusalOf(() => config.load(load('stage')))).message).toContain('dev, prod')
})

test('no manifest is not taken for one', async () => {
  expect((await refusalOf(() => readManifest(tmpdir()))).code).toBe('not_found')
})
