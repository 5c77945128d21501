import { startTestServer, ADMIN } from '../server/test-server.ts'
import { cofferContract } from '../testing/coffer-contract.ts'
import { connectCoffer } from './connect.ts'
import type { ConnectedCoffer } from './connect.ts'

/** Law 11: what passes in process passes over HTTP. */
cofferContract('http', async () => {
  const server = await startTestServer()
  const clients = new Map<string, ConnectedCoffer>()
  const admin = server.platform.as(ADMIN, { via: 'test' })
  /** A token is for actors that are known: one that is not becomes known, with no rights at all. */
  const tokenOf = async (actor: string): Promise<string> => {
    if (actor === ADMIN) return server.adminToken
    const known = (await admin.access.actors()).some(({ name }) => name === actor)
    if (!known) await admin.access.putActor({ name: actor, policies: [], roles: [] })
    return server.token({ actor, ttlSeconds: 0 })
  }
  const connect = (actor: string) =>
    connectCoffer({ address: server.url, actor, token: () => tokenOf(actor) })
  return {
    admin: ADMIN,
    as(actor) {
      const client = clients.get(actor) ?? connect(actor)
      clients.set(actor, client)
      return client
    },
    now: server.now,
    advance: server.advance,
    async close() {
      for (const client of clients.values()) await client.close()
      await server.close()
    },
  }
})
