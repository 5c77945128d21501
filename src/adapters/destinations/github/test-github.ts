import sodium from 'libsodium-wrappers'
import { testHost } from '../test-host.ts'
import type { HostAnswer, HostRequest, TestHost } from '../test-host.ts'

/**
 * The endpoints of GitHub's REST API for Actions secrets, written after its published OpenAPI
 * description and documentation; boxes are opened with libsodium itself. Knows the repositories
 * acme/shop and acme/web, the environment production of the first, and the organization acme.
 */
export interface TestGitHub extends TestHost {
  /** By place (`/repos/acme/shop/actions/secrets`), then name. */
  readonly places: ReadonlyMap<string, Map<string, StoredSecret>>
}

export interface StoredSecret {
  value: string
  createdAt: string
  updatedAt: string
  visibility?: unknown
  repositories?: unknown
}

export const TOKEN = 'ghp_test'

/** `strange`: what it gives as its public key instead of its own. */
export async function testGitHub(strange?: string): Promise<TestGitHub> {
  await sodium.ready
  const keys = sodium.crypto_box_keypair()
  const keyId = '568250167242549743'
  const places = new Map(
    [
      '/repos/acme/shop/actions/secrets',
      '/repos/acme/shop/environments/production/secrets',
      '/orgs/acme/actions/secrets',
    ].map((path) => [path, new Map<string, StoredSecret>()]),
  )
  let now = Date.UTC(2026, 0, 1)

  const answer = (request: HostRequest): HostAnswer => {
    const { authorization, accept, ...headers } = request.headers
    if (authorization !== `Bearer ${TOKEN}`) return says(401, 'Bad credentials')
    if (headers['x-github-api-version'] !== '2022-11-28') return says(400, 'Unsupported version')
    if (accept !== 'application/vnd.github+json') return says(415, 'Unsupported media type')
    const repo = /^\/repos\/acme\/(shop|web)$/.exec(request.path)?.[1]
    if (repo !== undefined)
      return { status: 200, body: { id: repo === 'shop' ? 11 : 12, name: repo } }
    const [, path = '', name] = /^(.*\/secrets)(?:\/([^/]+))?$/.exec(request.path) ?? []
    const secrets = places.get(path)
    if (secrets === undefined) return says(404, 'Not Found')
    if (name === 'public-key') {
      const key = strange ?? Buffer.from(keys.publicKey).toString('base64')
      return { status: 200, body: { key_id: keyId, key } }
    }
    if (name === undefined) return listed(secrets, request.query)
    if (request.method === 'DELETE') {
      return secrets.delete(name.toUpperCase()) ? { status: 204 } : says(404, 'Not Found')
    }
    return put(secrets, path, name.toUpperCase(), request.body as Record<string, unknown>)
  }

  function put(
    secrets: Map<string, StoredSecret>,
    path: string,
    name: string,
    body: Record<string, unknown>,
  ): HostAnswer {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name) || name.startsWith('GITHUB_')) return says(422, 'Bad name')
    if (body['key_id'] !== keyId) return says(422, 'Bad key id')
    if (path.startsWith('/orgs/') && body['visibility'] === undefined)
      return says(422, 'Visibility')
    const box = Buffer.from(String(body['encrypted_value']), 'base64')
    const value = sodium.crypto_box_seal_open(box, keys.publicKey, keys.privateKey, 'text')
    if (Buffer.byteLength(value) > 49_152) return says(422, 'Too large')
    const updatedAt = new Date((now += 1_000)).toISOString().replace('.000', '')
    const before = secrets.get(name)
    secrets.set(name, {
      value,
      createdAt: before?.createdAt ?? updatedAt,
      updatedAt,
      visibility: body['visibility'],
      repositories: body['selected_repository_ids'],
    })
    return before === undefined ? { status: 201, body: {} } : { status: 204 }
  }

  const dated = (request: HostRequest): HostAnswer => {
    const { headers, ...rest } = answer(request)
    return { ...rest, headers: { date: new Date(now).toUTCString(), ...headers } }
  }
  const limited = { 'x-ratelimit-remaining': '0', 'retry-after': '0' }
  const host = await testHost(dated, {
    denied: says(403, 'Resource not accessible by personal access token'),
    throttled: { ...says(403, 'API rate limit exceeded'), headers: limited },
  })
  return Object.assign(host, { places })
}

function listed(secrets: Map<string, StoredSecret>, query: URLSearchParams): HostAnswer {
  const size = Math.min(Number(query.get('per_page') ?? 30), 100)
  const from = (Number(query.get('page') ?? 1) - 1) * size
  const all = [...secrets].map(([name, { createdAt, updatedAt, visibility }]) => ({
    name,
    created_at: createdAt,
    updated_at: updatedAt,
    visibility,
  }))
  return { status: 200, body: { total_count: all.length, secrets: all.slice(from, from + size) } }
}

const says = (status: number, message: string): HostAnswer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest' },
})
