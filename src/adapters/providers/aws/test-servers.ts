import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type Respond = (
  target: string,
  input: unknown,
  answer: (status: number, body: unknown) => void,
) => void

/** Servers on loopback ports, for as long as one test goes on. */
export interface TestServers {
  /** One that speaks the protocol, and says what a test wants. Its address. */
  fake(respond: Respond): Promise<string>
  listen(server: Server): Promise<string>
  close(): void
}

export function testServers(): TestServers {
  const servers: Server[] = []
  const listen = async (server: Server): Promise<string> => {
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  return {
    listen,
    fake: (respond) => listen(fakeAws(respond)),
    close() {
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

const fakeAws = (respond: Respond): Server =>
  createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const target = String(request.headers['x-amz-target']).split('.')[1] ?? ''
      respond(target, JSON.parse(Buffer.concat(chunks).toString()), (status, body) => {
        response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' })
        response.end(JSON.stringify(body))
      })
    })
  })
