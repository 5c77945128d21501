import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { Platform } from '../../src/core/ports/platform.ts'
import { ACTOR, pathOf } from '../fixture.ts'
import { requestOf } from './processes.ts'

/** How many different secrets are asked for in turn. */
const ASKED = 500

/** The same reads in each protocol, with a credential of its own, and writes. */
export interface Requests {
  readonly native: readonly string[]
  readonly vault: readonly string[]
  readonly aws: readonly string[]
  readonly writes: readonly string[]
}

export async function requestsOf(platform: Platform, secrets: number): Promise<Requests> {
  const { identities } = platform.as(ACTOR)
  const paths = Array.from({ length: ASKED }, (_, i) => pathOf(Math.floor((i * secrets) / ASKED)))
  const { token } = await identities.createToken({ actor: ACTOR, ttlSeconds: 0 })
  const key = await identities.createAccessKey({ actor: ACTOR })
  const bearer = { authorization: `Bearer ${token.reveal()}` }
  const vault = { 'x-vault-token': token.reveal() }
  const body = JSON.stringify({ value: `value-${'x'.repeat(30)}` })
  const json = { ...bearer, 'content-type': 'application/json' }
  return {
    native: paths.map((path) => requestOf('GET', `/api/v1/secrets/${path}`, bearer)),
    vault: paths.map((path) => requestOf('GET', `/v1/secret/data/${path}`, vault)),
    aws: await signed(key.record.id, key.secretAccessKey.reveal(), paths),
    writes: paths.map((path) => requestOf('PUT', `/api/v1/secrets/${path}`, json, body)),
  }
}

/** Signed by the official client, and kept instead of sent: good for five minutes. */
async function signed(
  accessKeyId: string,
  secretAccessKey: string,
  paths: readonly string[],
): Promise<string[]> {
  const kept: string[] = []
  const client = new SecretsManagerClient({
    region: 'eu-central-1',
    endpoint: 'http://localhost',
    maxAttempts: 1,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: {
      handle: async (request: { headers: Record<string, string>; body?: string | Uint8Array }) => {
        const body =
          typeof request.body === 'string'
            ? request.body
            : Buffer.from(request.body ?? []).toString()
        const { 'content-length': _length, ...headers } = request.headers
        kept.push(requestOf('POST', '/', headers, body))
        throw new Error('kept')
      },
    },
  })
  for (const path of paths) {
    await client.send(new GetSecretValueCommand({ SecretId: path })).catch(() => {})
  }
  client.destroy()
  return kept
}
