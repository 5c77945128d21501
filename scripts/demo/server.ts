import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import path from 'node:path'
import { ended, within } from './shop.ts'
import type { Terminal } from './terminal.ts'
import type { Workspace } from './workspace.ts'

/** `coffer serve` on the demo's store, and a program's way to it. */
export interface DemoServer {
  readonly url: string
  /** What a program needs to reach it: address, authority, token. */
  readonly env: Readonly<Record<string, string>>
  stop(): Promise<void>
}

const PORT = 8200

/** Starts the server, and makes a token that may read what the application needs and no more. */
export async function startDemoServer(terminal: Terminal, { dir }: Workspace): Promise<DemoServer> {
  const started = Promise.withResolvers<{ url: string; ca: string }>()
  const listen = `127.0.0.1:${(await isFree(PORT)) ? PORT : 0}`
  const child = terminal.start(
    ['coffer', 'serve', '--listen', listen, '--log-level', 'warn', '--json'],
    (line) => {
      const { url, ca } = JSON.parse(line) as { url: string; ca: string }
      started.resolve({ url, ca })
      return `listening on ${url}`
    },
  )
  child.once('exit', (code) => started.reject(new Error(`The server ended with ${code}.`)))
  const { url, ca } = await within(started.promise)
  writeFileSync(path.join(dir, 'policy.json'), JSON.stringify(POLICY))
  terminal.run('coffer', 'policy', 'put', 'policy.json')
  const create = ['coffer', 'token', 'create', '--policy', POLICY.name, '--ttl', '8h', '--json']
  const made = terminal.quietly(...create)
  const { token } = JSON.parse(made) as { token: string }
  return {
    url,
    env: { COFFER_ADDR: url, COFFER_CACERT: ca, COFFER_TOKEN: token },
    stop: () => ended(child),
  }
}

const POLICY = {
  name: 'shop-api',
  rules: [{ effect: 'allow', actions: ['read', 'describe'], paths: ['shop/dev/api/**'] }],
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
