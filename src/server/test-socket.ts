import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { randomBytes } from 'node:crypto'
import type { Clock } from '../core/ports/ambient.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { Observer } from './app.ts'
import type { ConnectionLimits } from './http-server.ts'
import type { Guard, Server } from './server.ts'
import { startServer } from './start.ts'
import type { RunningServer, TlsOptions } from './start.ts'

export interface BareOptions {
  readonly guard?: Partial<Guard>
  readonly tls?: TlsOptions
  readonly connections?: Partial<ConnectionLimits>
  readonly trustedProxies?: readonly string[]
  readonly sealed?: boolean
  readonly clock?: Clock
  /** As much of one as a test needs. */
  readonly platform?: Pick<Platform, 'settings' | 'record'>
}

const OPEN: Guard = {
  admitAddress() {},
  admit() {},
  admitLogin() {},
  loginEnded() {},
  refused: () => undefined,
}

/** What a server works with, without a store and without dialects. */
export function bareServer(given: BareOptions = {}): Server {
  const { guard, trustedProxies = [], sealed = false, clock = Date.now } = given
  const status = () => ({
    initialized: true,
    sealed,
    kind: 'test',
    threshold: 1,
    shares: 1,
    progress: 0,
    nonce: '',
  })
  return {
    gate: {
      platform: () => {
        if (given.platform === undefined) throw new Error('There is no platform.')
        return given.platform as Platform
      },
      shareLook() {},
      status,
      submit: async () => status(),
      reset: async () => status(),
      seal: async () => {},
    },
    guard: { ...OPEN, ...guard },
    options: { dialects: [], trustedProxies, aws: { accountId: '123456789012' } },
    clock,
    random: (bytes) => randomBytes(bytes),
    version: '0.0.0-test',
  }
}

/** That, listening on a loopback port of its own, with what a test adds. */
export function startBareServer(
  observe: Observer,
  given: BareOptions = {},
): Promise<RunningServer> {
  const { tls, connections } = given
  const listen = { host: '127.0.0.1', port: 0 }
  return startServer(bareServer(given), { listen, tls, connections }, { observers: [observe] })
}

/** A connection that says bytes as they are. */
export interface RawConnection {
  readonly socket: Socket
  /** Resolves when it is handed to the system. */
  say(text: string | Buffer): Promise<void>
  /** All that was heard, once the server has closed. */
  heard(): Promise<string>
  /** All that was heard so far. */
  readonly text: string
}

export async function rawConnection(port: number, ca?: string): Promise<RawConnection> {
  const at = { port, host: '127.0.0.1' }
  const socket = ca === undefined ? connect(at) : connectTls({ ...at, ca, servername: 'localhost' })
  socket.setNoDelay(true)
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    socket.once(ca === undefined ? 'connect' : 'secureConnect', () => resolve())
    socket.once('error', reject)
  })
  let text = ''
  socket.on('error', () => {})
  socket.on('data', (chunk) => void (text += chunk.toString('latin1')))
  return {
    socket,
    say: (bytes) =>
      new Promise((resolve) => {
        socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes, () =>
          resolve(),
        )
      }),
    async heard() {
      await closed
      return text
    },
    get text() {
      return text
    },
  }
}

/** The answers in what a connection heard: each status and body. */
export function answersIn(heard: string): { status: number; body: string; headers: string }[] {
  const answers: { status: number; body: string; headers: string }[] = []
  for (let rest = heard; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n')
    const headers = rest.slice(0, end)
    const chunked = /transfer-encoding: chunked/i.test(headers)
    const length = chunked
      ? rest.indexOf('0\r\n\r\n', end) + 1 - end
      : Number(/content-length: (\d+)/i.exec(headers)?.[1] ?? 0)
    answers.push({
      status: Number(/^HTTP\/1\.1 (\d+)/.exec(headers)?.[1]),
      headers: headers.toLowerCase(),
      body: rest.slice(end + 4, end + 4 + length),
    })
    if (end === -1) break
    rest = rest.slice(end + 4 + length)
  }
  return answers
}
