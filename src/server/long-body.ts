import type { FastifyRequest } from 'fastify'
import { LIMITS } from '../core/limits.ts'

/**
 * Whether a body is longer than a stranger's may be, or does not say how long it is: it is not read
 * before it is known who sends it. Routes that take short ones only need not ask.
 */
export function isLongBody({ method, headers, routeOptions }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD') return false
  if (routeOptions.bodyLimit <= LIMITS.openRequestBodyBytesMax) return false
  const length = Number(headers['content-length'] ?? 0)
  return headers['transfer-encoding'] !== undefined || length > LIMITS.openRequestBodyBytesMax
}
