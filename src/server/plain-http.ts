import type { Server, Socket } from 'node:net'

/**
 * Who speaks plain HTTP to a server of HTTPS is told so, once, and the connection ends. Without it
 * there is an empty answer that says nothing.
 */
export function answerPlainHttp(server: Server): void {
  const sockets = new Map<string, Socket>()
  server.on('connection', (socket: Socket) => {
    const place = placeOf(socket)
    sockets.set(place, socket)
    socket.once('close', () => {
      if (sockets.get(place) === socket) sockets.delete(place)
    })
  })
  server.on('tlsClientError', (error: NodeJS.ErrnoException, secured: Socket) => {
    if (error.code !== 'ERR_SSL_HTTP_REQUEST') return
    const socket = sockets.get(placeOf(secured))
    socket?.end(ANSWER, () => socket.destroy())
  })
}

const placeOf = ({ remoteAddress, remotePort }: Socket): string =>
  `${remoteAddress ?? ''} ${remotePort ?? 0}`

const BODY = 'This port speaks HTTPS.\n'
const ANSWER = [
  'HTTP/1.1 400 Bad Request',
  'Content-Type: text/plain; charset=utf-8',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
].join('\r\n')
