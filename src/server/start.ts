import type { AddressInfo } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import type { FastifyInstance } from 'fastify'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { createApp } from './app.ts'
import type { AppParts, Observer } from './app.ts'
import { CONNECTION_LIMITS, httpServerFactory } from './http-server.ts'
import type { ConnectionLimits } from './http-server.ts'
import { isWildcard, urlOf } from './listen-address.ts'
import type { ListenAddress } from './listen-address.ts'
import { lookThroughMemoryRarely } from './room.ts'
import type { Server } from './server.ts'
import { tickShape } from './tick-shape.ts'
import { openOwnTls } from './tls/authority.ts'
import { openGivenTls } from './tls/given.ts'
import type { TlsSource } from './tls/source.ts'

/** How a server is reached: plain data, so that it can be handed to another process. */
export interface StartOptions {
  readonly listen: ListenAddress
  /** Other processes of ours listen there too, and the system shares connections out. */
  readonly shared?: boolean | undefined
  /** Absent: plain HTTP. */
  readonly tls?: TlsOptions | undefined
  readonly connections?: Partial<ConnectionLimits> | undefined
}

/** Files that somebody else keeps, or the data directory's own authority with further names. */
export type TlsOptions =
  | { readonly certFile: string; readonly keyFile: string }
  | { readonly dataDir: string; readonly names: readonly string[] }

/** What watches a server from outside. */
export interface StartParts extends Pick<AppParts, 'watchers'> {
  readonly observers?: readonly Observer[] | undefined
  /** Told of what did not go well and stops nothing: a certificate that cannot be read. */
  readonly warn?: ((error: unknown) => void) | undefined
  /** Told of what an operator wants to know: a certificate was replaced. */
  readonly note?: ((what: string) => void) | undefined
}

export interface RunningServer {
  /** `https://127.0.0.1:8200`, as a client on this machine would say it. */
  readonly url: string
  readonly port: number
  /** What clients check it with; absent for plain HTTP and for given files. */
  readonly caFile?: string | undefined
  readonly app: FastifyInstance
  /** Reads its certificate again. */
  reload(): Promise<void>
  /**
   * Takes no more connections, and resolves when what was under way is answered, after `withinMs`
   * (default `stopTimeoutMs`) at the latest. The platform stays open: it is the caller's.
   */
  close(withinMs?: number): Promise<void>
}

/**
 * Listens for requests to a server.
 * @throws CofferError `unavailable` when the address cannot be had, and what the TLS files throw
 */
export async function startServer(
  server: Server,
  options: StartOptions,
  parts: StartParts = {},
): Promise<RunningServer> {
  lookThroughMemoryRarely()
  const { listen } = options
  const tls = await openTls(server, options, parts)
  try {
    const limits = { ...CONNECTION_LIMITS, ...options.connections }
    const app = await createApp(server, {
      serverFactory: httpServerFactory(limits, tls),
      watchers: parts.watchers ?? [],
      observers: parts.observers ?? [],
    })
    app.decorate('kept', tickShape())
    await bind(app, options)
    const { port } = app.server.address() as AddressInfo
    return {
      url: urlOf(tls === undefined ? 'http' : 'https', { host: listen.host, port }),
      port,
      caFile: tls?.caFile,
      app,
      reload: async () => tls?.reload(),
      async close(withinMs = LIMITS.stopTimeoutMs) {
        const force = setTimeout(() => app.server.closeAllConnections(), withinMs)
        // A connection that was answered after the first look would be kept for the next request.
        const idle = setInterval(() => app.server.closeIdleConnections(), IDLE_LOOK_MS)
        await app.close()
        clearTimeout(force)
        clearInterval(idle)
        tls?.close()
      },
    }
  } catch (error) {
    tls?.close()
    throw error
  }
}

async function openTls(
  { clock, random }: Server,
  { tls, listen }: StartOptions,
  { warn = () => {}, note = () => {} }: StartParts,
): Promise<TlsSource | undefined> {
  const told = { failed: warn, renewed: () => note('The certificate was replaced.') }
  if (tls === undefined) return undefined
  if ('certFile' in tls) return openGivenTls({ ...tls, ...told, clock })
  const mine = isWildcard(listen.host) ? ownAddresses() : [listen.host]
  const names = ['localhost', '127.0.0.1', '::1', hostname(), ...mine, ...tls.names]
  return openOwnTls({ dataDir: tls.dataDir, names, clock, random, ...told })
}

/** Of this machine, as others may reach it: a certificate for all addresses names them. */
function ownAddresses(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  return addresses
    .filter(({ internal, address }) => !internal && !/^(?:fe80|169\.254)/.test(address))
    .map(({ address }) => address)
    .slice(0, OWN_ADDRESSES_MAX)
}

const OWN_ADDRESSES_MAX = 32

async function bind(app: FastifyInstance, { listen, shared }: StartOptions): Promise<void> {
  try {
    const together = shared === true ? { reusePort: true } : {}
    await app.listen({ ...listen, ...together, backlog: BACKLOG })
  } catch (error) {
    await app.close().catch(() => {})
    throw cannotListen(listen, error)
  }
}

/** What keeps an address from being listened on, and what to do. */
export function cannotListen({ host, port }: ListenAddress, error: unknown): CofferError {
  const { code } = error as NodeJS.ErrnoException
  return new CofferError('unavailable', `${host} port ${port} ${WHY[code ?? ''] ?? CANNOT}.`, {
    remedy: REMEDIES[code ?? ''] ?? ANOTHER,
    details: { host, port, ...(code === undefined ? {} : { errno: code }) },
    cause: error,
  })
}

const BACKLOG = 1_024
const IDLE_LOOK_MS = 20

const ANOTHER = 'Choose another address with --listen, or end the program that holds this one.'
const NOT_OURS = 'Name an address of this machine with --listen; 0.0.0.0 is all of them.'
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'Choose a port from 1024 on with --listen, or let this user have CAP_NET_BIND_SERVICE.',
  EADDRNOTAVAIL: NOT_OURS,
  ENOTFOUND: NOT_OURS,
}

const CANNOT = 'cannot be listened on'
const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is in use',
  EACCES: 'may not be listened on by this user',
  EADDRNOTAVAIL: 'is not an address of this machine',
  ENOTFOUND: 'is not an address of this machine',
}
