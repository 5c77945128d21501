import type { IncomingHttpHeaders } from 'node:http'
import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import type { Answer } from './exchange.ts'

/** A service as its refusals name it. */
export interface RestPeer {
  /** `GitHub`. */
  readonly name: string
  /** The variable that its token is in: `GITHUB_TOKEN`. */
  readonly credential: string
  /** What a token must be allowed, for the remedy: `Give it the permission "Secrets: write".` */
  readonly rights: string
}

export interface RestMeaning {
  readonly code: ErrorCode
  readonly remedy?: string | undefined
  readonly retryAfterMs?: number | undefined
}

/**
 * The error for an answer that is no success. Says what was asked for and the status; nothing of the
 * answer's text. `details`: `status`, and `retryAfterMs` where the service says when.
 */
export function refusalOf(
  peer: RestPeer,
  what: string,
  answer: Pick<Answer, 'status' | 'headers' | 'retryAfterMs'>,
  meaning: RestMeaning | undefined,
): CofferError {
  const { status } = answer
  const throttle = throttled(answer)
  const code = meaning?.code ?? (throttle ? 'throttled' : codeOf(status))
  const asked = code === 'throttled' ? waitOf(answer) : answer.retryAfterMs
  const retryAfterMs = asked ?? meaning?.retryAfterMs
  const row = ROWS[code]
  const says = row?.says ?? 'did not do what it was asked:'
  const remedy = meaning?.remedy ?? row?.remedy?.(peer)
  return new CofferError(code, `${peer.name} ${says} ${what} (HTTP ${status}).`, {
    details: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    ...(remedy === undefined ? {} : { remedy }),
  })
}

interface Row {
  readonly says: string
  readonly remedy?: (peer: RestPeer) => string
}

const ROWS: Partial<Record<ErrorCode, Row>> = {
  unauthenticated: {
    says: 'does not know the token that it was given',
    remedy: ({ credential }) => `Put a token that is still good into ${credential}.`,
  },
  denied: {
    says: 'does not allow the token',
    remedy: ({ rights }) => rights,
  },
  not_found: {
    says: 'does not find, or does not show to the token, what is needed',
    remedy: ({ rights }) => `Check the names in coffer.yaml. ${rights}`,
  },
  throttled: { says: 'asks to wait before it is asked' },
  conflict: { says: 'has something else there, and refused' },
  already_exists: { says: 'has one of that name, and refused' },
  invalid_value: { says: 'does not accept what it was given' },
  too_large: { says: 'finds it too large' },
  unavailable: { says: 'could not be used just now' },
}

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'invalid_value',
  401: 'unauthenticated',
  403: 'denied',
  404: 'not_found',
  408: 'unavailable',
  409: 'conflict',
  410: 'not_found',
  413: 'too_large',
  422: 'invalid_value',
  429: 'throttled',
}

/** A redirection is of what has another name by now, or is somewhere else. */
const codeOf = (status: number): ErrorCode =>
  CODES[status] ?? (status >= 300 && status < 400 ? 'not_found' : 'unavailable')

/** Some say 403 where 429 is meant. */
const throttled = ({ status, headers, retryAfterMs }: Limited): boolean =>
  status === 429 ||
  (status === 403 && (retryAfterMs !== undefined || headers['x-ratelimit-remaining'] === '0'))

type Limited = Pick<Answer, 'status' | 'headers' | 'retryAfterMs'>

/** A reset without a limit that is reached is another limit's. */
const waitOf = ({ headers, retryAfterMs }: Limited): number | undefined =>
  retryAfterMs ??
  ((headers['x-ratelimit-remaining'] ?? '0') === '0' ? untilReset(headers) : undefined)

/** `X-RateLimit-Reset` is in seconds since 1970. */
function untilReset({ 'x-ratelimit-reset': reset }: IncomingHttpHeaders): number | undefined {
  if (typeof reset !== 'string' || !/^\d{1,11}$/.test(reset)) return undefined
  return Math.min(Math.max(Number(reset) * 1_000 - Date.now(), 0), DAY_MS)
}

const DAY_MS = 24 * 60 * 60 * 1_000
