import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { initPlatform, openPlatform } from '../../compose.ts'
import type { Orders } from './test-primary.ts'

export const ADMIN = 'local:admin'
const PROGRAM = fileURLToPath(new URL('test-primary.ts', import.meta.url))

interface Told {
  readonly url?: string
  readonly pids?: readonly number[]
  readonly stopped?: boolean
  readonly gaveUp?: boolean
}

/** A store, a token of its administrator, and a primary with its workers in front of it. */
export async function served(given: Partial<Orders> & { readonly shamir?: boolean } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-cluster-'))
  const dataDir = join(dir, 'data')
  const env = given.shamir === true ? {} : { COFFER_MASTER_KEY: randomBytes(32).toString('hex') }
  const store = { dataDir, env }
  const seal = given.shamir === true ? { seal: 'shamir' } : {}
  const { shares } = await initPlatform({ ...store, ...seal, admin: ADMIN })
  const platform = await openPlatform({ dataDir, env: { ...env, COFFER_SHARES: shares.join(' ') } })
  const admin = platform.as(ADMIN, { via: 'test' })
  const { token } = await admin.identities.createToken({ actor: ADMIN, ttlSeconds: 0 })
  await admin.write('a/b', { value: 'hello' })
  await platform.close()

  const { shamir: _, ...orders } = given
  const child = fork(PROGRAM, [JSON.stringify({ dataDir, workers: 2, limits: [], ...orders })], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const dispose = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
    rmSync(dir, { recursive: true, force: true })
  }
  const { url = '', pids = [] } = await told(child)
  const get = (path: string, bearer: string | undefined = token.reveal(), method = 'GET') =>
    ask(`${url}${path}`, method, bearer)
  return { child, url, pids, store, token: token.reveal(), shares, get, dispose }
}

export type Served = Awaited<ReturnType<typeof served>>

async function told(child: ChildProcess): Promise<Told> {
  const [message] = (await once(child, 'message')) as [Told]
  return message
}

export async function asked(child: ChildProcess, message: string): Promise<Told> {
  const answer = told(child)
  child.send(message)
  return answer
}

interface Answer {
  readonly status: number
  readonly body: string
}

/** On a connection of its own: the workers take turns. */
export function ask(url: string, method: string, bearer?: string, body?: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    }
    const sent = request(url, { method, agent: false, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => void (text += chunk.toString()))
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }))
      answer.on('error', reject)
    })
    sent.on('error', reject)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
