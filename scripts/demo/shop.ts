import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Terminal } from './terminal.ts'

/** The example's server, running, and what the demo asks of it. */
export interface Shop {
  readonly url: string
  /** A session for a user, signed with the key of the moment. */
  login(user: string): Promise<string>
  /** Shows who signed a session, by the server's own answer. */
  show(session: string): Promise<void>
  /** Resolves when the server says that it signs with another key; how long after the call. */
  rotated(): Promise<number>
  stop(): Promise<void>
}

const PATIENCE_MS = 10_000

export async function startShop(
  terminal: Terminal,
  env: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  const listening = Promise.withResolvers<string>()
  const renewed = Promise.withResolvers<number>()
  const told = (line: string) => {
    const port = /^listening on (\d+)/.exec(line)?.[1]
    if (port !== undefined) listening.resolve(port)
    if (line.startsWith('now signing')) renewed.resolve(performance.now())
  }
  const child = terminal.start(['node', 'server.ts'], told, env)
  child.once('exit', (code) => listening.reject(new Error(`The server ended with ${code}.`)))

  const base = `http://127.0.0.1:${await within(listening.promise)}`
  const get = async (route: string) => {
    const response = await fetch(base + route)
    return { status: response.status, body: await response.text() }
  }
  return {
    url: base,
    stop: () => ended(child),
    async login(user) {
      const { body } = await get(`/login/${user}`)
      return (JSON.parse(body) as { session: string }).session
    },
    async show(session) {
      const { status, body } = await get(`/session/${session}`)
      terminal.say(`GET /session/${session.slice(0, session.indexOf('.'))}…  ${status} ${body}`)
    },
    async rotated() {
      const asked = performance.now()
      const at = await within(renewed.promise)
      return Math.max(0, Math.round(at - asked))
    },
  }
}

/** Asks a process to end, and resolves when it has. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

export async function within<T>(promise: Promise<T>): Promise<T> {
  const late = AbortSignal.timeout(PATIENCE_MS)
  const timeout = Promise.withResolvers<never>()
  late.addEventListener('abort', () =>
    timeout.reject(new Error(`It did not answer within ${PATIENCE_MS} ms.`)),
  )
  return Promise.race([promise, timeout.promise])
}
