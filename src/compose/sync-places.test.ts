import { expect, test, vi } from 'vitest'
import { azurePlace } from '../adapters/destinations/azure/place.ts'
import { testVault } from '../adapters/destinations/azure/test-vault.ts'
import { testGitHub, TOKEN as GITHUB_TOKEN } from '../adapters/destinations/github/test-github.ts'
import { testCluster } from '../adapters/destinations/kubernetes/test-cluster.ts'
import { testVercel, TOKEN as VERCEL_TOKEN } from '../adapters/destinations/vercel/test-vercel.ts'
import type { Destination } from '../core/ports/destination.ts'
import { entriesOf, testCoffer, testWorld } from '../engine/sync/test-coffer.ts'
import { startTestAws } from '../server/dialects/aws/test-aws.ts'
import { applySync, openDestination, planSync } from './sync.ts'

/** A place as its owner sees it; `put` as somebody would by hand. */
interface Hands {
  readonly destination: Destination
  put(name: string, text: string): Promise<void> | void
  value(name: string): Promise<string | undefined> | string | undefined
  close?(): Promise<void>
}

const base64 = (text: string) => Buffer.from(text).toString('base64')
const open = (kind: string, options: Record<string, string>, env: Record<string, string>) =>
  openDestination(kind, { env, options, dir: '/nowhere', environment: 'prod' })

const PLACES: Readonly<Record<string, () => Promise<Hands>>> = {
  async aws() {
    const world = await startTestAws()
    vi.stubEnv('AWS_ACCESS_KEY_ID', world.credentials.accessKeyId)
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', world.credentials.secretAccessKey)
    const full = (name: string) => `/shop/prod/${name}`
    const { client } = world
    return {
      destination: await open(
        'aws',
        { region: 'eu-west-1', prefix: '/shop/prod' },
        { AWS_ENDPOINT_URL_SECRETS_MANAGER: world.url },
      ),
      async put(name, SecretString) {
        const put = client.putSecretValue({ SecretId: full(name), SecretString })
        await put.catch(() => client.createSecret({ Name: full(name), SecretString }))
      },
      value: async (name) =>
        client.getSecretValue({ SecretId: full(name) }).then(
          ({ SecretString }) => SecretString,
          () => undefined,
        ),
      async close() {
        vi.unstubAllEnvs()
        await world.close()
      },
    }
  },
  async azure() {
    const vault = testVault()
    return {
      destination: azurePlace(vault),
      // Whoever leaves the tags out takes our mark away: that is another test.
      put(name, text) {
        vault.now += 1
        vault.set(name, text, vault.secrets.get(name)?.at(-1)?.tags)
      },
      value: (name) => vault.secrets.get(name)?.at(-1)?.value,
    }
  },
  async github() {
    const host = await testGitHub()
    const secrets = host.places.get('/repos/acme/shop/actions/secrets')
    let clock = Date.UTC(2027, 0, 1)
    return {
      destination: await open(
        'github',
        { repository: 'acme/shop' },
        { GITHUB_TOKEN, GITHUB_API_URL: host.url },
      ),
      put(name, value) {
        const updatedAt = new Date((clock += 1_000)).toISOString()
        secrets?.set(name, { value, createdAt: updatedAt, updatedAt })
      },
      value: (name) => secrets?.get(name)?.value,
      close: async () => host[Symbol.asyncDispose](),
    }
  },
  async kubernetes() {
    const cluster = await testCluster()
    const path = '/api/v1/namespaces/shop/secrets/app'
    return {
      destination: await open(
        'kubernetes',
        { namespace: 'shop', secret: 'app' },
        { KUBECONFIG: cluster.kubeconfig },
      ),
      put: (name, text) =>
        cluster.write(path, {
          kind: 'Secret',
          type: 'Opaque',
          data: { [name]: base64(text) },
        }),
      value(name) {
        const data = cluster.objects.get(path)?.object['data'] as Record<string, string> | undefined
        const text = data?.[name]
        return text === undefined ? undefined : Buffer.from(text, 'base64').toString()
      },
      close: async () => cluster.close(),
    }
  },
  async vercel() {
    const host = await testVercel()
    const find = (name: string) => host.variables.find(({ key }) => key === name)
    return {
      destination: await open(
        'vercel',
        { project: 'prj_1', team: 'team_1' },
        { VERCEL_TOKEN, VERCEL_API_URL: host.url },
      ),
      put(name, value) {
        const known = find(name)
        if (known === undefined) host.add({ key: name, value })
        else Object.assign(known, { value, updatedAt: known.updatedAt + 1 })
      },
      value: (name) => find(name)?.value,
      close: async () => host[Symbol.asyncDispose](),
    }
  },
}

test.each(Object.entries(PLACES))(
  '%s is kept in step, and what is not ours stays',
  async (_, make) => {
    const place = await make()
    try {
      const coffer = testCoffer()
      const world = testWorld(coffer)
      const sync = async (...names: string[]) => {
        const { destination } = place
        const target = { destination, owner: 'shop/prod', entries: entriesOf(names) }
        const { results, error } = await applySync(await planSync(target, world), target, world)
        expect(error).toBeUndefined()
        return results.map(({ item, outcome }) => `${item.name} ${item.action} ${outcome}`)
      }
      const set = (name: string, value: string) => coffer.set(`shop/test/api/${name}`, value)
      for (const name of ['A', 'B', 'C', 'THEIRS']) set(name, `${name} 1`)
      await place.put('THEIRS', 'not ours')

      expect(await sync('A', 'B', 'C')).toEqual(
        ['A', 'B', 'C'].map((name) => `${name} create done`),
      )
      for (const name of ['A', 'B', 'C']) expect(await place.value(name)).toBe(`${name} 1`)
      const writes = coffer.ledgerWrites
      const still = ['A', 'B', 'C'].map((name) => `${name} unchanged unchanged`)
      expect(await sync('A', 'B', 'C')).toEqual(still)
      expect(coffer.ledgerWrites).toBe(writes)

      set('B', 'B 2')
      await place.put('C', 'by hand')
      expect(await sync('A', 'B', 'C')).toEqual([
        'A unchanged unchanged',
        'B update done',
        'C drifted done',
      ])
      expect([await place.value('B'), await place.value('C')]).toEqual(['B 2', 'C 1'])
      expect(await sync('A', 'B', 'C')).toEqual(still)

      expect(await sync('B', 'C', 'THEIRS')).toEqual([
        'A delete done',
        'B unchanged unchanged',
        'C unchanged unchanged',
        'THEIRS refused refused',
      ])
      expect([await place.value('A'), await place.value('THEIRS')]).toEqual([undefined, 'not ours'])
      expect(await sync('A', 'B', 'C')).toEqual(['A create done', ...still.slice(1)])
    } finally {
      await place.destination.close?.()
      await place.close?.()
    }
  },
)
