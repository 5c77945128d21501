import type { FastifyInstance, FastifyReply } from 'fastify'
import { isCofferError } from '../core/errors.ts'
import type { RequestWatcher } from './observe.ts'
import type { Gate } from './server.ts'

/**
 * What is answered without a credential and without detail, GET and HEAD: `/healthz` while the
 * process serves, `/readyz` while it can hand out secrets (503 else), and a word for people at `/`.
 */
export function registerHealth(app: FastifyInstance, readiness: Readiness): void {
  const method = ['GET', 'HEAD']
  const config = { probe: true }
  app.route({ method, url: '/healthz', config, handler: async (_, reply) => say(reply, 200, 'ok') })
  app.route({
    method,
    url: '/readyz',
    config,
    handler: async (_, reply) => {
      const word = await readiness.word()
      return say(reply, word === 'ready' ? 200 : 503, word)
    },
  })
  app.route({ method, url: '/', handler: async (_, reply) => say(reply, 200, WELCOME) })
}

/** Watches requests: after one that failed by our own fault the next look is a closer one. */
export interface Readiness extends RequestWatcher {
  word(): Promise<'ready' | 'sealed' | 'unavailable'>
}

/** How long who asks waits for a closer look. */
const PATIENCE_MS = 2_000

/**
 * The store is read each time. Whether the audit log takes events shows in every request, so an
 * event for it is left only after a request failed, and by one probe at a time. Where a read failed
 * because others put the store under another root key, that is for good: nothing heals it but a restart.
 */
export function createReadiness(gate: Gate): Readiness {
  let doubted = false
  let keysDoubted = false
  let looking: Promise<void> | undefined
  const look = async () => {
    const platform = gate.platform()
    await platform.settings.get('server')
    if (!doubted) return
    // First: what only a restart heals leaves no event for each probe.
    if (keysDoubted) await platform.keys.status()
    await platform.record([{ action: 'describe', outcome: 'allowed', resource: 'store:data' }])
    doubted = false
    keysDoubted = false
  }
  const lookTogether = (): Promise<void> =>
    (looking ??= look().finally(() => {
      looking = undefined
    }))

  return {
    began() {},
    ended({ status, operation, code }) {
      if (status < 500) return
      doubted = true
      if (operation === 'read' && code === 'sealed') keysDoubted = true
    },
    async word() {
      if (gate.status().sealed) return 'sealed'
      const late = Promise.withResolvers<'unavailable'>()
      const timer = setTimeout(() => late.resolve('unavailable'), PATIENCE_MS)
      // Why it is not is told in full to those who may know, by their own requests.
      const found = lookTogether().then(
        () => 'ready' as const,
        (error: unknown) => (isCofferError(error, 'sealed') ? 'sealed' : 'unavailable'),
      )
      return Promise.race([found, late.promise]).finally(() => clearTimeout(timer))
    },
  }
}

const say = (reply: FastifyReply, status: number, text: string) =>
  reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)

const WELCOME = 'This is a Coffer server: it keeps secrets for programs. Its API is under /api/v1.'
