import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { Answer } from '../../net/exchange.ts'

type Meaning = readonly [code: ErrorCode, says: string, remedy?: string]

/** What an API server's answer means, by its status. */
const MEANINGS: Readonly<Record<number, Meaning>> = {
  401: [
    'unauthenticated',
    'The cluster does not accept the credentials',
    'Log in to the cluster again; `kubectl auth whoami` tells who you are there.',
  ],
  403: [
    'denied',
    'The cluster denies it',
    'Grant get and patch of this Secret, create of Secrets in its namespace, and patch of what is restarted.',
  ],
  404: ['not_found', 'The cluster does not have it'],
  409: ['conflict', 'Somebody changed the object meanwhile'],
  413: ['too_large', 'The object is larger than the cluster takes'],
  422: [
    'invalid_value',
    'The cluster refuses the object as invalid',
    'Do the keys and values fit its type? Secrets of type kubernetes.io/tls need tls.crt and tls.key.',
  ],
  429: ['throttled', 'The cluster asks to wait'],
  504: ['timeout', 'The cluster did not answer in time'],
}
const UNABLE: Meaning = ['unavailable', 'The cluster is not able to answer now']
const UNACCEPTED: Meaning = ['invalid_argument', 'The cluster does not accept the request']

/**
 * The object of an answer; its bytes are erased.
 * @throws CofferError for a status that is no success, without what the answer says: it may quote
 * what was sent. `corrupt` for an answer that is no JSON object
 */
export function objectOf({ status, retryAfterMs, body }: Answer): unknown {
  try {
    if (status < 200 || status >= 300) throw statusError(status, retryAfterMs)
    const answer = parsed(body)
    if (typeof answer === 'object' && answer !== null) return answer
    throw new CofferError('corrupt', 'The answer of the cluster is not a Kubernetes object.', {
      remedy: 'Check that the kubeconfig names an API server, and no proxy that answers itself.',
    })
  } finally {
    body.fill(0)
  }
}

function statusError(status: number, retryAfterMs: number | undefined): CofferError {
  const [code, says, remedy] = MEANINGS[status] ?? (status >= 500 ? UNABLE : UNACCEPTED)
  return new CofferError(code, `${says} (HTTP ${status}).`, {
    ...(remedy === undefined ? {} : { remedy }),
    details: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  })
}

function parsed(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    // What it says would quote the text.
    return undefined
  }
}
