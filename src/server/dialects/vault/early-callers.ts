import type { FastifyRequest } from 'fastify'
import type { Caller } from '../../caller.ts'
import { callerOf } from '../../caller.ts'
import type { Server } from '../../server.ts'
import { tokenOf } from './request.ts'

/** Callers that had to be known before their bodies were read. A token is used once all the same. */
export interface EarlyCallers {
  /** @throws `unauthenticated`, `throttled`, `sealed` */
  admit(request: FastifyRequest): Promise<void>
  of(request: FastifyRequest): Caller | undefined
}

export function createEarlyCallers(server: Server, via: string): EarlyCallers {
  const known = new WeakMap<FastifyRequest, Caller>()
  return {
    async admit(request) {
      known.set(request, await callerOf(server, request, tokenOf(request), via, 'write'))
    },
    of: (request) => known.get(request),
  }
}
