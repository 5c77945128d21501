import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testAuthority } from '../adapters/net/test-tls.ts'
import { fakeServer, json } from '../client/test-fake.ts'
import type { FakeServer } from '../client/test-fake.ts'
import { startTestAws } from '../server/dialects/aws/test-aws.ts'
import type { TestAws } from '../server/dialects/aws/test-aws.ts'

/**
 * A process that loads, fails to load, checks and resolves, and then does nothing more. `left`: how
 * long it lived on after that; sockets, timers and children that are left behind keep it alive.
 */
const PROGRAM = `
const { defineConfig, secretRef } = await import(process.env.ENTRY)
const { provider, key, timeoutMs } = JSON.parse(process.env.GIVEN)
const config = (path) => defineConfig({ s: secretRef({ provider: 'p', path }) }, { providers: { p: provider } })
const told = async (work) => work.then(() => 'good', (error) => error.problems?.[0]?.code ?? String(error))
const options = { timeoutMs }
const said = [
  await told(config(key).load(options)),
  await told(config(key + '-absent').load(options)),
  (await config(key).check(options)).ok ? 'good' : 'bad',
  await told(config(key).resolveEnvironment(options)),
]
const done = performance.now()
process.on('exit', () => console.log(JSON.stringify({ said, left: performance.now() - done })))
`

let dir: string
/** Answers as Coffer, AWS and Vault do. */
let server: TestAws
let cluster: FakeServer
beforeAll(async () => {
  dir = mkdtempSync(path.join(tmpdir(), 'coffer-ends-'))
  server = await startTestAws()
  await server.coffer.write('shop/key', { value: 'v' })
  await server.client.createSecret({ Name: 'shop/aws', SecretString: 'v' })
  const vault = { method: 'POST', headers: { 'x-vault-token': server.adminToken } }
  const body = JSON.stringify({ data: { key: 'v' } })
  await fetch(`${server.url}/v1/secret/data/shop`, { ...vault, body })
  writeFileSync(path.join(dir, 'token'), server.adminToken)
  const { ca, certificate } = testAuthority()
  const found = json({ kind: 'Secret', apiVersion: 'v1', data: { key: 'dg==' } })
  const reason = { kind: 'Status', reason: 'NotFound', details: { kind: 'secrets' } }
  cluster = await fakeServer(
    [
      (response, seen, socket) =>
        (seen.url.endsWith('/db') ? found : json(reason, 404))(response, seen, socket),
    ],
    certificate(['127.0.0.1']),
  )
  writeFileSync(path.join(dir, 'kubeconfig'), kubeconfig(ca))
  writeFileSync(path.join(dir, 'hang'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 })
  writeFileSync(path.join(dir, 'file.json'), '{}')
})
afterAll(async () => {
  await server.close()
  await cluster[Symbol.asyncDispose]()
  rmSync(dir, { recursive: true })
})

const kubeconfig = (ca: string) => {
  const authority = Buffer.from(ca).toString('base64')
  const one = { server: cluster.url, 'certificate-authority-data': authority }
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'one', cluster: one }],
    users: [{ name: 'ada', user: { token: 'good' } }],
    contexts: [{ name: 'here', context: { cluster: 'one', user: 'ada', namespace: 'shop' } }],
  })
}

interface Given {
  readonly provider: Readonly<Record<string, string>>
  readonly key: string
  readonly env?: Readonly<Record<string, string>>
  /** Of the load, the one of what is absent, the check and the environment. */
  readonly said: readonly string[]
}

const GOOD = ['good', 'not_found', 'good', 'good']
const timeoutOf = (said: readonly string[]) => (said === GOOD ? 20_000 : 1_000)

const KINDS: Readonly<Record<string, () => Given>> = {
  coffer: () => ({
    provider: { kind: 'coffer', address: server.url, tokenFile: path.join(dir, 'token') },
    key: 'shop/key',
    said: GOOD,
  }),
  aws: () => ({
    provider: { kind: 'aws', endpoint: server.url, region: 'eu-west-1' },
    key: 'shop/aws',
    said: GOOD,
    env: {
      AWS_ACCESS_KEY_ID: server.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: server.credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
    },
  }),
  vault: () => ({
    provider: { kind: 'vault', address: server.url, tokenFile: path.join(dir, 'token') },
    key: 'secret/shop',
    said: GOOD,
  }),
  kubernetes: () => ({
    provider: { kind: 'kubernetes', kubeconfig: path.join(dir, 'kubeconfig') },
    key: 'shop/db',
    said: GOOD,
  }),
  command: () => ({
    provider: { kind: 'command', command: `${dir}/hang {key}` },
    key: 'shop/key',
    said: ['timeout', 'timeout', 'bad', 'timeout'],
  }),
  sops: () => ({
    provider: { kind: 'sops', program: `${dir}/hang`, dir },
    key: 'file.json',
    said: ['timeout', 'not_found', 'bad', 'timeout'],
  }),
}

test.concurrent.each(Object.keys(KINDS))(
  'a process that loaded, failed to, checked and resolved ends by itself: %s',
  async (kind) => {
    const { provider, key, env = {}, said } = KINDS[kind]!()
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM], {
      env: {
        PATH: process.env['PATH'],
        HOME: dir,
        COFFER_STATE_DIR: path.join(dir, kind),
        ENTRY: new URL('./index.ts', import.meta.url).href,
        GIVEN: JSON.stringify({ provider, key, timeoutMs: timeoutOf(said) }),
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let out = ''
    child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const killer = setTimeout(() => child.kill('SIGKILL'), 25_000)
    const code = await new Promise((resolve) => child.once('close', resolve))
    clearTimeout(killer)
    const told = JSON.parse(out) as { said: string[]; left: number }
    expect([code, told.said]).toEqual([0, said])
    // Less than any connection is kept alive, and a busy machine takes a while.
    expect(told.left).toBeLessThan(4_000)
  },
)
