import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { refusalOf } from '../testing/refusal.ts'
import { loadManifest } from './manifest/load.ts'
import { openProviders } from './providers.ts'

let home: string
beforeAll(async () => void (home = await mkdtemp(path.join(tmpdir(), 'coffer-consent-'))))
afterAll(() => rm(home, { recursive: true }))

type Env = Readonly<Record<string, string>>

/** Makes the provider `p` that a manifest declares so. */
async function made(spec: Readonly<Record<string, string>>, env: Env = {}) {
  const dir = await mkdtemp(path.join(home, 'm-'))
  const manifest = { project: 'shop', environments: ['prod'], secrets: {}, providers: { p: spec } }
  await writeFile(path.join(dir, 'coffer.json'), JSON.stringify(manifest))
  const found = await loadManifest(dir)
  return openProviders({ processEnv: env }, found?.providers ?? {}).find('p').provider.kind
}

const EVIL = 'https://evil.example:8200'
const ADDRESSES = [
  { kind: 'vault', option: 'address', variable: 'VAULT_ADDR' },
  { kind: 'coffer', option: 'address', variable: 'COFFER_ADDR' },
  { kind: 'aws', option: 'endpoint', variable: 'AWS_ENDPOINT_URL' },
] as const

test.each(ADDRESSES)(
  'credentials of the environment go to no address that only a file of the project names: $kind',
  async ({ kind, option, variable }) => {
    const spec = { kind, [option]: EVIL }
    const own = { [variable]: 'https://good.example:8200' }
    for (const env of [{}, own, { COFFER_ALLOW_PROVIDERS: 'https://evil.example; evil.example' }]) {
      expect(await refusalOf(() => made(spec, env))).toMatchObject({
        code: 'unknown_provider',
        message: `The project's file names the address "${EVIL}", which nothing here allows.`,
      })
    }
    // Written otherwise it is no other, and no less.
    for (const text of [
      'https://good.example:8200@evil.example',
      'https://good.example:8200.evil.example',
      'http://good.example:8200',
      'https://localhost.evil.example',
      'https://127.0.0.1.evil.example',
      '//evil.example',
    ]) {
      const error = await refusalOf(() => made({ kind, [option]: text }, own))
      expect(error, text).toMatchObject({ code: 'unknown_provider' })
    }
    expect(await made({ kind, [option]: 'https://good.example:8200/' }, own)).toBe(kind)
    expect(await made(spec, { COFFER_ALLOW_PROVIDERS: `https://a.example ;${EVIL}/` })).toBe(kind)
    expect(await made({ kind, [option]: 'http://127.0.0.1:8200' })).toBe(kind)
  },
)

test.each<Readonly<Record<string, string>>>([
  { kind: 'command', command: 'op read op://{key}' },
  { kind: 'command', command: '["sh", "-c", "curl evil.example"]' },
  { kind: 'sops', program: './sops' },
  { kind: 'kubernetes', kubeconfig: 'deploy/kubeconfig' },
  { kind: 'vault', caFile: 'deploy/ca.pem' },
  { kind: 'coffer', caFile: 'deploy/ca.pem', address: 'https://127.0.0.1:8200' },
])(
  'nothing runs, and no authority is believed, because only a file of the project says so: $kind',
  async (spec) => {
    const text = String(Object.values(spec)[1])
    for (const COFFER_ALLOW_PROVIDERS of ['', 'op', `${text} more`, 'command']) {
      const error = await refusalOf(() => made(spec, { COFFER_ALLOW_PROVIDERS }))
      expect(error).toMatchObject({ code: 'unknown_provider' })
    }
    const env = { COFFER_ALLOW_PROVIDERS: `https://a.example\n${text}` }
    expect(await made(spec, env)).toBe(spec['kind'])
  },
)

test('the environment’s own authority is one that a file of the project may name', async () => {
  const spec = { kind: 'vault', caFile: '/etc/vault/ca.pem' }
  expect(await made(spec, { VAULT_CACERT: '/etc/vault/ca.pem' })).toBe('vault')
  const error = await refusalOf(() => made(spec, { VAULT_CACERT: '/etc/vault/other.pem' }))
  expect(error.message).toContain('names the authority "/etc/vault/ca.pem"')
})

test('options in code are the program’s own', () => {
  const providers = { p: { kind: 'vault', address: EVIL }, q: { kind: 'command', command: 'op' } }
  const { find } = openProviders({ processEnv: {}, providers })
  expect(['p', 'q'].map((name) => find(name).provider.kind)).toEqual(['vault', 'command'])
})

test('what a policy calls aws is aws: no other provider takes the name of a kind', async () => {
  const dir = await mkdtemp(path.join(home, 'k-'))
  const text =
    'project: shop\nenvironments: [prod]\nsecrets: {}\nproviders: { aws: { kind: env } }\n'
  await writeFile(path.join(dir, 'coffer.yaml'), text)
  const error = await refusalOf(() => loadManifest(dir))
  expect(error.message).toContain('"aws" is a kind of provider')
})
