import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { JWTPayload } from 'jose'

/** An OpenID provider on this machine, for tests: discovery, keys, and JWTs. */
export interface TestIssuer {
  readonly url: string
  /** Requests so far. */
  readonly asked: readonly string[]
  /** Signs with the newest key. */
  sign(claims: JWTPayload): Promise<string>
  /** From now on another key signs; the old one is not published any more. */
  rotate(): Promise<void>
  /** What is answered instead of the keys. */
  answer(status: number, body: string, headers?: Record<string, string>): void
  close(): Promise<void>
}

export async function startTestIssuer(algorithm = 'RS256'): Promise<TestIssuer> {
  const asked: string[] = []
  let serial = 0
  let key = await newKey()
  let instead: { status: number; body: string; headers: Record<string, string> } | undefined

  async function newKey() {
    const pair = await generateKeyPair(algorithm, { extractable: true })
    const kid = `key-${(serial += 1)}`
    const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: algorithm, use: 'sig' }
    return { kid, jwk, privateKey: pair.privateKey }
  }

  const server = createServer((request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const isDiscovery = path === '/.well-known/openid-configuration'
    if (instead !== undefined && !isDiscovery) {
      response.writeHead(instead.status, instead.headers).end(instead.body)
      return
    }
    const documents: Record<string, unknown> = {
      '/.well-known/openid-configuration': { issuer: url, jwks_uri: `${url}/keys` },
      '/keys': { keys: [key.jwk] },
    }
    const found = documents[path]
    response.writeHead(found === undefined ? 404 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(found ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  return {
    url,
    asked,
    sign: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'JWT' })
        .sign(key.privateKey),
    async rotate() {
      key = await newKey()
    },
    answer(status, body, headers = {}) {
      instead = { status, body, headers }
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
