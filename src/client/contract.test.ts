import { startTestServer, ADMIN } from '../server/test-server.ts'
import { cofferContract } from '../testing/coffer-contract.ts'
import { connectCoffer } from './connect.ts'
import type { ConnectedCoffer } from './connect.ts'

/** Law 11: what passes in process passes over HTTP. */
cofferContract('http', async () => {
  const server = await startTestServer()
  const clients = new Map<string, ConnectedCoffer>()
  const connect = (actor: string) =>
    connectCoffer({
      address: server.url,
      actor,
      token: () => (actor === ADMIN ? server.adminToken : server.token({ actor, ttlSeconds: 0 })),
    })
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
