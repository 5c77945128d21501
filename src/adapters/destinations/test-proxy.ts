import { createServer, request as send } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Stands before a server of HTTP and passes everything on, headers as they are. */
export interface TestProxy {
  readonly url: string
  readonly seen: { readonly method: string; readonly url: string; readonly headers: Headers }[]
  /** Called before a request is passed on; true: it has answered. */
  before: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  /** Whether only half of the answer of this request comes, as if it were whole. */
  garbles: ((request: IncomingMessage) => boolean) | undefined
  /** Whether the answer of this request is lost. */
  loses: ((request: IncomingMessage) => boolean) | undefined
  close(): Promise<void>
}

type Headers = IncomingMessage['headers']

export async function testProxy(target: string): Promise<TestProxy> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      proxy.seen.push({ method, url, headers })
      if (proxy.before?.(request, response) === true) return
      const forward = send(new URL(url, target), { method, headers }, (answer) => {
        if (proxy.loses?.(request) === true) {
          answer.resume().on('end', () => request.socket.destroy())
          return
        }
        const { 'content-length': length, ...rest } = answer.headers
        const isGarbled = length !== undefined && proxy.garbles?.(request) === true
        response.writeHead(answer.statusCode ?? 500, isGarbled ? rest : answer.headers)
        if (isGarbled) answer.on('data', (chunk: Buffer) => response.end(chunk.subarray(1)))
        if (isGarbled) answer.on('end', () => response.end())
        else answer.pipe(response)
      })
      forward.on('error', () => request.socket.destroy())
      forward.end(Buffer.concat(chunks))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: TestProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen: [],
    before: undefined,
    garbles: undefined,
    loses: undefined,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return proxy
}
