import { callerOf } from '../../caller.ts'
import type { DirectWay } from '../../direct.ts'
import type { Server } from '../../server.ts'
import { bearerOf } from './bearer.ts'
import { problemAnswer } from './problems.ts'
import { JSON_TYPE, VIA } from './route.ts'
import { readText } from './versions.ts'

/** `GET /api/v1/secrets/PATH` of a path that needs no decoding, without a query. */
export function directReads(server: Server): DirectWay {
  return {
    via: VIA,
    workFor({ method, url = '' }, { authorization, announcesBody }) {
      if (method !== 'GET' || announcesBody || !PLAIN.test(url)) return undefined
      return async (request) => {
        const token = bearerOf(authorization)
        const caller = callerOf(server, request, token, VIA, 'read')
        const { coffer } = caller instanceof Promise ? await caller : caller
        const body = await readText(coffer, { path: url.slice(SECRETS.length) })
        return { status: 200, headers: HEADERS, body }
      }
    },
    refusal: problemAnswer,
  }
}

const SECRETS = '/api/v1/secrets/'
const HEADERS = ['content-type', JSON_TYPE]
const PLAIN = /^\/api\/v1\/secrets\/[A-Za-z0-9][A-Za-z0-9._~/-]{0,511}$/
