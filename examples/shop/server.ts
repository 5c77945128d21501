import { createHmac, timingSafeEqual } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openCoffer } from 'coffer'
import type { Secret } from 'coffer'
import config from './coffer.config.ts'

// At the server that COFFER_ADDR names, as whoever COFFER_TOKEN is for; else in this machine's store.
const coffer = process.env.COFFER_ADDR === undefined ? await openCoffer() : undefined
const cfg = await config.load({ coffer })

/** The key that signs, and the one before it, whose sessions stay valid. */
let keys: readonly Secret<string>[] = [cfg.session.key]

const stop = cfg.session.key.onChange(
  (now) => {
    keys = [now, ...keys.slice(0, 1)]
    console.log(`now signing with ${now}`)
  },
  (error) => console.error('the session key could not be renewed:', error),
)

const sign = (user: string, key: Secret<string>) =>
  `${user}.${createHmac('sha256', key.reveal()).update(user).digest('base64url')}`

const signedBy = (session: string) =>
  keys.find((key) => {
    const expected = Buffer.from(sign(session.slice(0, session.lastIndexOf('.')), key))
    const given = Buffer.from(session)
    return expected.length === given.length && timingSafeEqual(expected, given)
  })

const server = createServer((request, response) => {
  const [, route, argument = ''] = (request.url ?? '/').split('/')
  const answer = (status: number, body: object) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
  if (route === 'login' && keys[0] !== undefined) {
    return answer(200, { session: sign(argument, keys[0]) })
  }
  if (route === 'session') {
    const key = signedBy(argument)
    return answer(key === undefined ? 401 : 200, { pid: process.pid, signedBy: key ?? 'nobody' })
  }
  return answer(404, {})
})

server.listen(cfg.http.port, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  const database = new URL(cfg.database.url.reveal())
  console.log(`listening on ${port}, orders in ${database.host}${database.pathname}`)
  console.log(`configuration: ${JSON.stringify(cfg)}`)
})

process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  stop()
  coffer?.close().catch((error: unknown) => console.error(error))
})
