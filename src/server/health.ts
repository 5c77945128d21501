import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Server } from './server.ts'

/**
 * What is answered without a credential and without detail, GET and HEAD: `/healthz` while the
 * process serves, `/readyz` while it can hand out secrets (503 else), and a word for people at `/`.
 */
export function registerHealth(app: FastifyInstance, server: Server): void {
  const method = ['GET', 'HEAD']
  const config = { probe: true }
  app.route({ method, url: '/healthz', config, handler: async (_, reply) => say(reply, 200, 'ok') })
  app.route({
    method,
    url: '/readyz',
    config,
    handler: async (_, reply) => {
      const why = await notReady(server)
      return say(reply, why === undefined ? 200 : 503, why ?? 'ready')
    },
  })
  app.route({ method, url: '/', handler: async (_, reply) => say(reply, 200, WELCOME) })
}

/** One word of why no secret can be handed out now; absent when it can. */
async function notReady({ gate }: Server): Promise<'sealed' | 'unavailable' | undefined> {
  if (gate.status().sealed) return 'sealed'
  try {
    await gate.platform().settings.get('server')
    return undefined
  } catch {
    // Whatever it is, a request tells it in full to those who may know.
    return 'unavailable'
  }
}

const say = (reply: FastifyReply, status: number, text: string) =>
  reply.code(status).type('text/plain; charset=utf-8').send(`${text}\n`)

const WELCOME = 'This is a Coffer server: it keeps secrets for programs. Its API is under /api/v1.'
