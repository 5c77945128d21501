import type { Cluster, ClusterRequest } from '../../net/cluster.ts'
import type { Answer } from '../../net/exchange.ts'
import { repeated } from '../../net/repeated.ts'
import { LIMITS } from '../../../core/limits.ts'
import { FIELD_MANAGER } from './secret-object.ts'
import { objectOf } from './errors.ts'

/** Objects of a cluster, by their paths; calls are repeated as `repeated` says. */
export interface Objects {
  /** `undefined`: answered with 404. @throws CofferError by what the answer says */
  get(path: string, signal: AbortSignal): Promise<unknown>
  /** The object afterwards. @throws CofferError by what the answer says; `not_found` for 404 */
  patch(path: string, body: unknown, how: PatchOptions): Promise<unknown>
}

export interface PatchOptions {
  readonly type: keyof typeof PATCH_TYPES
  readonly signal: AbortSignal
  /** It may be made twice. One for a certain version may not: the first one makes another. */
  readonly repeatable?: boolean | undefined
}

/** Server-side apply (JSON is YAML) that takes over the fields of others, and RFC 7386. */
const PATCH_TYPES = {
  apply: ['application/apply-patch+yaml', '&force=true'],
  merge: ['application/merge-patch+json', ''],
} as const

export function objectsOf(cluster: Cluster): Objects {
  const limits = { timeoutMs: LIMITS.restTimeoutMs, answerBytesMax: ANSWER_BYTES_MAX }
  const call = (request: Call, repeatable: boolean): Promise<Answer> =>
    repeated({ repeatable, signal: request.signal }, async () => {
      const answer = await cluster.request({ ...request, ...limits })
      // What passes is thrown here, so that it is tried again.
      if (answer.status === 429 || answer.status >= 500) objectOf(answer)
      return answer
    })
  return {
    async get(path, signal) {
      const answer = await call({ method: 'GET', path, signal }, true)
      return answer.status === 404 ? undefined : objectOf(answer)
    },
    async patch(path, body, { type, signal, repeatable = false }) {
      const [contentType, force] = PATCH_TYPES[type]
      const query = `fieldManager=${FIELD_MANAGER}&fieldValidation=Strict${force}`
      const bytes = Buffer.from(JSON.stringify(body))
      try {
        const headers = { 'content-type': contentType }
        const request = { method: 'PATCH', path: `${path}?${query}`, headers, body: bytes } as const
        return objectOf(await call({ ...request, signal }, repeatable))
      } finally {
        bytes.fill(0)
      }
    },
  }
}

type Call = Omit<ClusterRequest, 'timeoutMs' | 'answerBytesMax'>

/** A Secret of 1 MiB in base64, its annotations, and who manages which field of it. */
const ANSWER_BYTES_MAX = 4_194_304
