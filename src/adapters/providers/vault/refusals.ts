import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { VaultAnswer } from './wire.ts'

interface Row {
  readonly code: ErrorCode
  readonly why: string
  readonly remedy?: string
}

/**
 * By status: what Vault and OpenBao answer with, and mean by it (their HTTP API, "HTTP status
 * codes"; `sys/health` for 472 and 473). 403 and 404 are told apart where they come.
 */
const STATUSES: Readonly<Record<number, Row>> = {
  400: { code: 'invalid_reference', why: 'does not understand what is asked for' },
  405: {
    code: 'invalid_reference',
    why: 'reads nothing there',
    remedy: 'Name a secret of a KV engine: `vault kv get` shows whether it is one.',
  },
  412: { code: 'unavailable', why: 'has not caught up with what was written' },
  413: { code: 'invalid_reference', why: 'finds that too long' },
  414: { code: 'invalid_reference', why: 'finds that too long' },
  429: { code: 'throttled', why: 'asks to come back later (429)' },
  472: { code: 'unavailable', why: 'is a standby for disasters and answers nobody' },
  473: { code: 'unavailable', why: 'is a standby and answers nobody' },
  501: {
    code: 'unavailable',
    why: 'is not initialised',
    remedy: 'Run `vault operator init` there.',
  },
}

const SEALED: Row = {
  code: 'unavailable',
  why: 'is sealed',
  remedy: 'Have it unsealed (`vault operator unseal`), then try again.',
}

/** What an answer that brings nothing means. Words of the answer decide, and are never shown. */
export function refusalOf(answer: VaultAnswer, origin: string): CofferError {
  const { status, retryAfterMs, document } = answer
  const row =
    status === 200
      ? {
          code: 'corrupt' as const,
          why: 'did not answer as Vault does',
          remedy: 'Check VAULT_ADDR: a proxy may stand before it, or another service.',
        }
      : status === 503 && saysOf(document, /\bsealed\b/i)
        ? SEALED
        : (STATUSES[status] ?? { code: 'unavailable' as const, why: `answered ${status}` })
  return new CofferError(row.code, `The Vault at ${origin} ${row.why}.`, {
    ...(row.remedy === undefined ? {} : { remedy: row.remedy }),
    details: { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  })
}

/** Whether one of its `errors` says so. */
export function saysOf(document: VaultAnswer['document'], pattern: RegExp): boolean {
  const errors: unknown = document?.['errors']
  return Array.isArray(errors) && errors.some((one) => typeof one === 'string' && pattern.test(one))
}

export const invalidToken = (origin: string) =>
  new CofferError(
    'unauthenticated',
    `The Vault at ${origin} does not know the token, or not any more.`,
    {
      remedy:
        'Log in again with `vault login` or `bao login`, or renew VAULT_TOKEN; a good token may read auth/token/lookup-self.',
    },
  )
