import type { Cluster } from '../../net/cluster.ts'
import { LIMITS } from '../../../core/limits.ts'
import { FIELD_MANAGER } from './secret-object.ts'
import { objectOf } from './errors.ts'

/** Objects of a cluster, by their paths. */
export interface Objects {
  /** `undefined`: answered with 404. @throws CofferError by what the answer says */
  get(path: string, signal: AbortSignal): Promise<unknown>
  /** The object afterwards. @throws CofferError by what the answer says; `not_found` for 404 */
  patch(path: string, body: unknown, how: PatchOptions): Promise<unknown>
}

export interface PatchOptions {
  readonly type: keyof typeof PATCH_TYPES
  readonly signal: AbortSignal
}

/** Server-side apply (JSON is YAML) that takes over the fields of others, and RFC 7386. */
const PATCH_TYPES = {
  apply: ['application/apply-patch+yaml', '&force=true'],
  merge: ['application/merge-patch+json', ''],
} as const

export function objectsOf(cluster: Cluster): Objects {
  const limits = { timeoutMs: LIMITS.clientTimeoutMs, answerBytesMax: ANSWER_BYTES_MAX }
  return {
    async get(path, signal) {
      const answer = await cluster.request({ method: 'GET', path, signal, ...limits })
      return answer.status === 404 ? undefined : objectOf(answer)
    },
    async patch(path, body, { type, signal }) {
      const [contentType, force] = PATCH_TYPES[type]
      const query = `fieldManager=${FIELD_MANAGER}&fieldValidation=Strict${force}`
      const bytes = Buffer.from(JSON.stringify(body))
      try {
        const answer = await cluster.request({
          method: 'PATCH',
          path: `${path}?${query}`,
          headers: { 'content-type': contentType },
          body: bytes,
          signal,
          ...limits,
        })
        return objectOf(answer)
      } finally {
        bytes.fill(0)
      }
    },
  }
}

/** A Secret of 1 MiB in base64, its annotations, and who manages which field of it. */
const ANSWER_BYTES_MAX = 4_194_304
