import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openCoffer } from 'coffer'
import { loadConfig } from './config.ts'

// This machine's store or, where COFFER_ADDR names one, a server.
const coffer = await openCoffer()
const config = await loadConfig({ coffer })
const { shop, http, orders, payments } = config

/** A rotated key signs from the next request on. */
let key = http.sessionKey
const stop = key.onChange(
  (now) => void (key = now),
  (error) => console.error('the session key could not be renewed:', error),
)

const server = createServer((request, response) => {
  const customer = new URL(request.url ?? '/', http.publicUrl).searchParams.get('customer') ?? ''
  const session = createHmac('sha256', key.reveal()).update(customer).digest('base64url')
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ shop, session, pageSize: orders.pageSize, paying: payments.mode }))
})

server.listen(Number(process.env['PORT'] ?? http.port), '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const database = new URL(orders.databaseUrl.reveal())
  console.log(`${shop.name} listens on ${port}, orders in ${database.host}${database.pathname}`)
  // Secrets print as what they are called.
  console.log(JSON.stringify(config))
})

process.once('SIGTERM', () => {
  stop()
  server.close()
  server.closeAllConnections()
  coffer.close().catch((error: unknown) => console.error(error))
})
