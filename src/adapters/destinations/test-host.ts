import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { DeliveryFault } from '../../testing/destination-contract.ts'

/** One request, read. */
export interface HostRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

export interface HostAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A host on this machine that answers by one function, and can be made to fail. */
export interface TestHost extends AsyncDisposable {
  readonly url: string
  readonly seen: readonly HostRequest[]
  /** Calls from now on go wrong, those of one method or all. `undefined`: no more. */
  fail(fault: DeliveryFault | undefined, method?: string): void
  /** The call with this number from now on, from 0, goes wrong; no other does. */
  failAt(fault: DeliveryFault, call: number): void
}

/** `refuse`: how this host says that a token may not, and that it is too much. */
export async function testHost(
  answer: (request: HostRequest) => HostAnswer,
  refuse: Readonly<Record<'denied' | 'throttled', HostAnswer>>,
): Promise<TestHost> {
  const seen: HostRequest[] = []
  let failing: ((method: string) => DeliveryFault | undefined) | undefined
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { method = '', headers } = request
      const url = new URL(request.url ?? '', 'http://host')
      const one: HostRequest = {
        method,
        path: url.pathname,
        query: url.searchParams,
        headers,
        body: text === '' ? undefined : JSON.parse(text),
      }
      seen.push(one)
      const fault = failing?.(method)
      if (fault === 'no answer') answer(one)
      if (fault === 'no answer') return void request.socket.destroy()
      const { status, body, headers: more } = fault === undefined ? answer(one) : faulty(fault)
      response.writeHead(status, { 'content-type': 'application/json', ...more })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    })
  })
  const faulty = (fault: Exclude<DeliveryFault, 'no answer'>): HostAnswer =>
    fault === 'unavailable'
      ? { status: 503, headers: { 'retry-after': '0' }, body: { message: 'later' } }
      : refuse[fault]
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fail(fault, only) {
      failing = fault && ((method) => (only === undefined || method === only ? fault : undefined))
    },
    failAt(fault, call) {
      let calls = -1
      failing = () => ((calls += 1) === call ? fault : undefined)
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
