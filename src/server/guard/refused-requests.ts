import type { RequestWatcher } from '../observe.ts'
import type { Guard } from '../server.ts'

/**
 * Counts what nobody who was recognised sent and what made no sense: malformed, too large, unknown
 * addresses. Bad credentials and limits are counted where they are met.
 */
export const countingRefusals = (guard: Pick<Guard, 'refused'>): RequestWatcher => ({
  began() {},
  ended({ status, actor, address, via, code }) {
    if (status < 400 || status >= 499 || actor !== undefined) return
    if (status === 401 || status === 429) return
    guard.refused(address, via, code ?? (status === 404 ? 'not_found' : 'invalid_argument'))
  },
})
