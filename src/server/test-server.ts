import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { initPlatform, openPlatform } from '../compose.ts'
import type { TokenInput } from '../core/ports/identities.ts'
import type { Platform } from '../core/ports/platform.ts'
import { createApp } from './app.ts'
import type { Observer } from './app.ts'
import type { Guard, Server, ServerOptions } from './server.ts'

/** A server over a fresh store, on a loopback port of its own, with a clock that a test moves. */
export interface TestServer {
  readonly app: FastifyInstance
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  readonly platform: Platform
  readonly server: Server
  /** An administrator's token that does not expire. */
  readonly adminToken: string
  /** A token for whatever a test needs. */
  token(input: TokenInput): Promise<string>
  now(): number
  advance(ms: number): void
  close(): Promise<void>
}

/** Tells of every request that Fastify's router gets. */
export const counting =
  (count: () => void): Observer =>
  (app) => {
    app.addHook('onRequest', (_request, _reply, done) => {
      count()
      done()
    })
  }

export const ADMIN = 'local:admin'

const OPEN: Guard = {
  admitAddress() {},
  admit() {},
  admitLogin() {},
  loginEnded() {},
  refused: () => undefined,
}

export async function startTestServer(
  given: { options?: Partial<ServerOptions>; guard?: Guard } = {},
): Promise<TestServer> {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-server-'))
  let now = Date.now()
  const clock = () => now
  const place = {
    dataDir: join(dir, 'data'),
    env: { COFFER_MASTER_KEY: randomBytes(32).toString('hex') },
    clock,
  }
  await initPlatform({ ...place, admin: ADMIN })
  const platform = await openPlatform(place)
  const status = () => ({
    initialized: true,
    sealed: false,
    kind: 'environment',
    threshold: 1,
    shares: 1,
    progress: 0,
    nonce: '',
    storeId: platform.storeId,
  })
  const server: Server = {
    gate: {
      platform: () => platform,
      shareLook: () => platform.shareLook(),
      status,
      submit: async () => status(),
      reset: async () => status(),
      seal: async () => {},
    },
    guard: given.guard ?? OPEN,
    options: {
      dialects: ['native', 'aws', 'vault'],
      trustedProxies: [],
      aws: { accountId: '123456789012' },
      ...given.options,
    },
    clock,
    random: (bytes) => randomBytes(bytes),
    version: '0.0.0-test',
  }
  const app = await createApp(server)
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  const admin = platform.as(ADMIN, { via: 'test' })
  const token = async (input: TokenInput) =>
    (await admin.identities.createToken(input)).token.reveal()
  return {
    app,
    url,
    platform,
    server,
    adminToken: await token({ actor: ADMIN, ttlSeconds: 0 }),
    token,
    now: clock,
    advance: (ms) => {
      now += ms
    },
    async close() {
      // What was answered a moment ago is idle only now: a real server looks again, too.
      const idle = setInterval(() => app.server.closeIdleConnections(), 20)
      await app.close()
      clearInterval(idle)
      await platform.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
