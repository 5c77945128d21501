import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { refusalOf } from '../../testing/refusal.ts'
import { ConfigError, memoryProvider } from '../index.ts'
import { findProject } from '../project.ts'
import { deliveriesOf } from './deliveries.ts'
import { loadManifest } from './load.ts'
import type { Manifest } from './manifest.ts'

let home: string
let count = 0
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-manifest-'))))
afterAll(() => rm(home, { recursive: true }))

const dirOf = async (yaml: string) => {
  const dir = await mkdtemp(path.join(home, String(count++)))
  await writeFile(path.join(dir, 'coffer.yaml'), yaml)
  return dir
}
const manifestOf = async (yaml: string): Promise<Manifest> => {
  const found = await loadManifest(await dirOf(yaml))
  if (found === undefined) throw new Error('There is no manifest.')
  return found
}
const problemsOf = async (work: () => unknown) => {
  const error = await refusalOf(async () => work())
  if (!(error instanceof ConfigError)) throw error
  return error.problems
}

const SHOP = `project: shop
environments:
  preview:
  staging: { description: As prod }
  prod: { provider: eu, prefix: '/acme/\${env}' }
providers:
  eu: { kind: file, dir: /run/secrets }
destinations:
  web: { kind: vercel, project: prj_1, target: [production] }
workloads:
  api:
  worker: { actor: 'service:\${env}-worker', namespace: shop, serviceAccount: jobs }
secrets:
  api/stripe-key:
    type: apiKey
    description: Charges cards
    owner: payments@example.com
    classification: restricted
    rotate: { every: 30d, automatic: true }
    usedBy: [api, worker]
    deliver:
      - { to: web, name: STRIPE_KEY, environments: [prod] }
      - { to: dotenv, file: 'out.\${env}.env' }
  api/db-url:
    type: { name: url, max: 200 }
    environments: [staging, prod]
    secretRef: { prod: 'env:DB_URL', staging: other/db }
    env: DATABASE_URL
    deliver:
      - { to: dotenv, file: out.staging.env, environments: [staging] }
  ci/token: { optional: true, secretRef: { path: shared/ci, version: 3 } }
  LOG_KEY: logs/key
`

test('a manifest says what each environment needs', async () => {
  const manifest = await manifestOf(SHOP)
  expect(manifest.environments).toMatchObject([
    { name: 'preview', prefix: 'shop/preview', provider: 'coffer', at: 'coffer.yaml:3:3' },
    { name: 'staging', prefix: 'shop/staging', description: 'As prod' },
    { name: 'prod', prefix: 'acme/prod', keyPrefix: '/acme/prod', provider: 'eu' },
  ])
  const [stripe, db, ci, log] = manifest.secrets
  expect(stripe).toMatchObject({
    name: 'api/stripe-key',
    at: 'coffer.yaml:14:3',
    type: { name: 'apiKey' },
    description: 'Charges cards',
    owner: 'payments@example.com',
    classification: 'restricted',
    rotateEveryDays: 30,
    rotatesItself: true,
    usedBy: ['api', 'worker'],
    environments: ['preview', 'staging', 'prod'],
    optional: false,
    deliver: [
      { to: 'web', name: 'STRIPE_KEY', options: {}, environments: ['prod'] },
      { to: 'dotenv', name: 'API_STRIPE_KEY', options: { file: 'out.${env}.env' } },
    ],
  })
  const refs = (secret: typeof stripe) =>
    Object.entries(secret?.references ?? {}).map(
      ([env, { ref }]) => `${env} ${ref.provider} ${ref.key}`,
    )
  expect(refs(stripe)).toEqual([
    'preview coffer shop/preview/api/stripe-key',
    'staging coffer shop/staging/api/stripe-key',
    'prod eu /acme/prod/api/stripe-key',
  ])
  expect(refs(db)).toEqual(['staging coffer shop/staging/other/db', 'prod env DB_URL'])
  expect(db).toMatchObject({ envName: 'DATABASE_URL', rotateEveryDays: 90, rotatesItself: false })
  expect(refs(ci)).toContain('prod coffer shared/ci')
  expect(log).toMatchObject({ envName: 'LOG_KEY' })
  expect(refs(log)).toContain('staging coffer shop/staging/logs/key')
  expect(manifest.workloads).toMatchObject({
    api: { actor: { prod: 'service:shop-prod-api' } },
    worker: { actor: { prod: 'service:prod-worker' }, namespace: 'shop', serviceAccount: 'jobs' },
  })
})

test('environments may be a list; every name of usedBy is a workload then', async () => {
  const manifest = await manifestOf(
    'project: shop\nenvironments: [dev]\nsecrets: { api/key: { usedBy: [api] } }',
  )
  expect(manifest.environments).toMatchObject([{ name: 'dev', at: 'coffer.yaml:2:16' }])
  expect(manifest.workloads).toMatchObject({ api: { actor: { dev: 'service:shop-dev-api' } } })
})

test('a file without environments is no manifest', async () => {
  expect(await loadManifest(await dirOf('project: shop'))).toBeUndefined()
  expect(await loadManifest(await dirOf('project: shop\nsecrets: { a: b }'))).toBeUndefined()
})

test('keys at AWS begin with a slash, whatever the provider is called', async () => {
  const aws = (name: string, spec: string) =>
    manifestOf(`project: shop
environments: { prod: { provider: ${name} } }
providers: { ${spec} }
secrets: { api/key: }`).catch((error: unknown) => error as ConfigError)
  for (const found of [await aws('aws', 'aws: {}'), await aws('main', 'main: { kind: aws }')]) {
    if (found instanceof ConfigError) continue // until there is such a provider
    expect(found.secrets[0]?.references['prod']?.ref.key).toBe('/shop/prod/api/key')
  }
})

test('lines to the same place are one delivery', async () => {
  const manifest = await manifestOf(SHOP)
  const shown = (env: string) =>
    deliveriesOf(manifest, env).map(({ kind, options, entries }) => ({
      kind,
      options,
      names: entries.map((entry) => `${entry.name}=${entry.reference.ref.key}`),
    }))
  expect(shown('prod')).toEqual([
    {
      kind: 'vercel',
      options: { project: 'prj_1', target: ['production'] },
      names: ['STRIPE_KEY=/acme/prod/api/stripe-key'],
    },
    {
      kind: 'dotenv',
      options: { file: 'out.prod.env' },
      names: ['API_STRIPE_KEY=/acme/prod/api/stripe-key'],
    },
  ])
  expect(shown('staging')).toEqual([
    {
      kind: 'dotenv',
      options: { file: 'out.staging.env' },
      names: ['API_STRIPE_KEY=shop/staging/api/stripe-key', 'DATABASE_URL=shop/staging/other/db'],
    },
  ])
})

test('one name twice at one place is refused', async () => {
  const manifest = await manifestOf(`project: shop
environments: [dev]
secrets:
  a/x: { deliver: [{ to: dotenv, file: 'f.\${env}', name: X }] }
  b/x: { deliver: [{ to: dotenv, name: X, file: f.dev }, { to: dotenv, name: X, file: other }] }
`)
  expect(await problemsOf(() => deliveriesOf(manifest, 'dev'))).toMatchObject([
    { field: 'secrets.b/x.deliver.0', position: 'coffer.yaml:5:20' },
  ])
})

test('an environment that is not listed is refused, naming those that are', async () => {
  const dir = await dirOf(SHOP)
  const project = await findProject(dir)
  expect(() => project?.environmentName({ env: 'production' })).toThrow('preview, staging, prod')
  const manifest = await manifestOf(SHOP)
  expect(() => deliveriesOf(manifest, 'dev')).toThrow('preview, staging, prod')
})

test('an environment is resolved with what it needs, and nothing else', async () => {
  const project = await findProject(await dirOf(SHOP))
  const load = {
    env: 'staging',
    processEnv: {},
    providers: {
      coffer: memoryProvider({
        'shop/staging/api/stripe-key': 'k',
        'shop/staging/other/db': 'https://db',
        'shop/staging/logs/key': 'l',
      }),
    },
  }
  const found = await project
    ?.resolveEnvironment({ ...load, providers: load.providers })
    .catch((error: unknown) => error)
  // A version is asked for that memory does not keep.
  expect(found).toMatchObject({ problems: [{ field: 'secrets.ci/token' }] })
  expect(project?.prefix('prod')).toBe('acme/prod')
  const plain = await findProject(await dirOf(SHOP.replace(', version: 3', '')))
  const resolved = await plain?.resolveEnvironment(load)
  expect([...(resolved ?? [])].map(([name, secret]) => `${name}=${secret.reveal()}`)).toEqual([
    'API_STRIPE_KEY=k',
    'DATABASE_URL=https://db',
    'LOG_KEY=l',
  ])
  expect((await plain?.references('preview'))?.map(({ key }) => key)).toEqual([
    'shop/preview/api/stripe-key',
    'shared/ci',
    'shop/preview/logs/key',
  ])
})

test('run goes by the manifest, and not by a module that names the same secrets', async () => {
  const yaml = 'project: shop\nenvironments: [dev]\nsecrets: { api/key: { env: KEY } }\n'
  const dir = await dirOf(yaml)
  await writeFile(path.join(dir, 'coffer.config.mjs'), 'throw new Error("ran")')
  const project = await findProject(dir)
  const coffer = memoryProvider({ 'shop/dev/api/key': 'k' })
  const load = { env: 'dev', processEnv: {}, providers: { coffer } }
  expect([...((await project?.resolveEnvironment(load)) ?? []).keys()]).toEqual(['KEY'])
})

test('every mistake is told, each at its place', async () => {
  const yaml = `projekt: shop
environments: [dev, dev, 'a b']
destinations: { web: { kind: Vercel } }
providers: { one: { kind: fil }, two: { kind: env, port: 7 } }
secrets:
  a b: x
  api/key:
    ownr: x
    owner: 7
    rotate: { every: 12h, automatc: true }
    environments: [prod]
    usedBy: [api, api]
    type: nope
    env: 1X
    secretRef: { prd: x }
    deliver: [{ name: X }, { to: web, path: '\${stage}' }]
  api/other: { rotate: { every: 1001d }, secretRef: 'nope:x' }
`
  const found = await problemsOf(() => loadManifestOf(yaml))
  expect(found.map(({ position, field }) => `${position} ${field}`)).toEqual([
    'coffer.yaml:1:1 projekt',
    'coffer.yaml:2:1 project',
    'coffer.yaml:2:21 environments.dev',
    'coffer.yaml:2:26 environments.a b',
    'coffer.yaml:3:30 destinations.web',
    'coffer.yaml:4:27 providers.one',
    'coffer.yaml:4:58 providers.two',
    'coffer.yaml:6:3 secrets.a b',
    'coffer.yaml:8:5 secrets.api/key.ownr',
    'coffer.yaml:9:12 secrets.api/key.owner',
    'coffer.yaml:10:22 secrets.api/key.rotate.every',
    'coffer.yaml:10:27 secrets.api/key.rotate.automatc',
    'coffer.yaml:11:19 secrets.api/key.environments',
    'coffer.yaml:12:19 secrets.api/key.usedBy',
    'coffer.yaml:13:11 secrets.api/key.type',
    'coffer.yaml:14:10 secrets.api/key.env',
    'coffer.yaml:15:18 secrets.api/key.secretRef.prd',
    'coffer.yaml:16:15 secrets.api/key.deliver.0',
    'coffer.yaml:16:45 secrets.api/key.deliver.1',
    'coffer.yaml:17:33 secrets.api/other.rotate.every',
    'coffer.yaml:17:53 secrets.api/other.secretRef',
  ])
  const said = found.find(({ field }) => field.endsWith('ownr'))?.message
  expect(said).toContain('Did you mean owner?')
})

test('an unknown provider is one mistake, however many environments and secrets name it', async () => {
  const yaml = `project: shop
environments: { prod: { provider: cloud }, dev: { provider: cloud } }
providers: { cloud: { kind: awz } }
secrets: { api/a: , api/b: 'cloud:x', api/c: 'clowd:x' }
`
  const found = await problemsOf(() => loadManifestOf(yaml))
  expect(found).toEqual([
    expect.objectContaining({
      field: 'providers.cloud',
      position: 'coffer.yaml:3:29',
      code: 'unknown_provider',
      message: 'There is no kind of provider "awz".',
      remedy: 'Did you mean aws?',
    }),
    expect.objectContaining({
      field: 'secrets.api/c.secretRef',
      code: 'unknown_provider',
      message: 'There is no provider "clowd".',
      remedy: 'Did you mean cloud? Correct it, or declare it under `providers`.',
    }),
  ])
})

test('a manifest has a limited number of environments and of entries in a list', async () => {
  const environments = (n: number) =>
    manifestOf(`project: a\nenvironments: [${Array.from({ length: n }, (_, i) => `e${i}`)}]`)
  const most = LIMITS.manifestEnvironmentsMax
  expect((await environments(most)).environments).toHaveLength(most)
  expect(await problemsOf(() => environments(most + 1))).toMatchObject([{ code: 'too_large' }])
  const users = (n: number) =>
    manifestOf(
      `project: a\nenvironments: [e]\nsecrets: { k: { usedBy: [${Array.from({ length: n }, (_, i) => `u${i}`)}] } }`,
    )
  const list = LIMITS.manifestListMax
  expect((await users(list)).secrets[0]?.usedBy).toHaveLength(list)
  expect(await problemsOf(() => users(list + 1))).toMatchObject([{ code: 'too_large' }])
})

const loadManifestOf = async (yaml: string) => loadManifest(await dirOf(yaml))

test('resolving the secrets of a manifest loads no package', async () => {
  const yaml =
    'project: shop\nenvironments: [dev]\nsecrets: { api/key: { type: url, usedBy: [api] } }\n'
  const dir = await dirOf(yaml)
  const href = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const code = `
    import { createRequire, registerHooks } from 'node:module'
    const seen = []
    registerHooks({ load: (url, context, next) => (seen.push(url), next(url, context)) })
    const { findProject } = await import(${href('../project.ts')})
    const { memoryProvider } = await import(${href('../index.ts')})
    const project = await findProject(${JSON.stringify(dir)})
    const coffer = memoryProvider({ 'shop/dev/api/key': 'https://a.example' })
    const found = await project.resolveEnvironment({ env: 'dev', providers: { coffer }, processEnv: {} })
    const packages = [...seen, ...Object.keys(createRequire('file:///x/').cache)]
    console.log(JSON.stringify([found.size, packages.filter((url) => url.includes('node_modules'))]))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', code])
  expect(JSON.parse(out.toString())).toEqual([1, []])
})
