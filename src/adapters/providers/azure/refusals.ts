import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { retryAfterMs } from '../../net/retry-after.ts'
import type { SecretKey } from './key.ts'

interface Row {
  readonly code: ErrorCode
  readonly why: string
  readonly remedy?: string
}

const NETWORK: Row = {
  code: 'denied',
  why: 'lets nobody in from this network',
  remedy: 'Allow this network in the firewall of the vault, or ask through its private endpoint.',
}

/** By the inner code of Key Vault (Microsoft Learn: "Azure Key Vault REST API error codes"). */
const INNER_CODES: Readonly<Record<string, Row>> = {
  SecretDisabled: { code: 'disabled', why: 'has it, and it is disabled' },
  ForbiddenByFirewall: NETWORK,
  ForbiddenByConnection: NETWORK,
  ObjectIsDeletedButRecoverable: { code: 'deleted', why: 'has it among its deleted secrets' },
  ObjectIsBeingDeleted: { code: 'deleted', why: 'is deleting it' },
}

const STATUSES: Readonly<Record<number, Row>> = {
  400: { code: 'invalid_reference', why: 'does not take it for the name of a secret' },
  401: {
    code: 'unauthenticated',
    why: 'does not accept the token',
    remedy: 'Log in again (`az login`), and check AZURE_TENANT_ID: it must be that of the vault.',
  },
  403: {
    code: 'denied',
    why: 'does not let this identity read it',
    remedy:
      'Give it the role "Key Vault Secrets User", or `get` in the access policy of the vault.',
  },
  404: { code: 'unavailable', why: 'answered 404, and not as Key Vault does' },
  429: { code: 'throttled', why: 'asks to come back later (429)' },
}

/** Node's codes that tell of the way there, and what else the client calls by a code. */
const CODES: readonly (readonly [RegExp, Row])[] = [
  [
    /^(?:ENOTFOUND|EAI_AGAIN)$/,
    {
      code: 'unavailable',
      why: 'is not to be found: there is no host of its name',
      remedy: 'Check the name of the vault (the option vault) and the network of this machine.',
    },
  ],
  [
    /CERT|TLS|SSL|EPROTO|SELF_SIGNED|UNABLE_TO/,
    {
      code: 'unavailable',
      why: 'shows no certificate that is trusted here',
      remedy: 'Check what stands before it; NODE_EXTRA_CA_CERTS names further authorities.',
    },
  ],
]

const STRANGE: Row = { code: 'corrupt', why: 'did not answer as Key Vault does' }

const LOGIN: Row = {
  code: 'unauthenticated',
  why: 'was not asked: no credential for Azure was found, or none that is good',
  remedy:
    'Run `az login`, set AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret, or use a managed identity.',
}

const CHALLENGE: Row = {
  code: 'unavailable',
  why: 'asks for a token for another place; none was sent',
  remedy: 'Check the address of the vault: what answers there is no Key Vault.',
}

/** What Key Vault says, and what Lowkey Vault says in its place: another 404 comes from neither. */
const MISSING = /^(?:SecretNotFound|[\w.]+\.NotFoundException)$/

/** Whether Key Vault itself says that there is no such secret, or no such version. */
export function isMissing(error: unknown): boolean {
  const { statusCode, code } = partsOf(error)
  return statusCode === 404 && MISSING.test(code ?? '')
}

/** What an error of the client means. Its text holds the vendor's, and is not shown. */
export function refusalOf(error: unknown, key: SecretKey, signal: AbortSignal): CofferError {
  if (error instanceof CofferError) return error
  if (signal.aborted) {
    const reason: unknown = signal.reason
    if (reason instanceof CofferError) return reason
    return new CofferError('cancelled', 'It was cancelled.')
  }
  const { statusCode, retryAfterMs: waitMs, reason } = partsOf(error)
  const row = rowOf(error)
  return new CofferError(row.code, `The Key Vault ${hostOf(key)} ${row.why}.`, {
    ...(row.remedy === undefined ? {} : { remedy: row.remedy }),
    details: {
      ...(statusCode === undefined ? {} : { status: statusCode }),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
      ...(reason === undefined ? {} : { reason }),
    },
  })
}

export const noValue = (key: SecretKey) =>
  new CofferError('corrupt', `The Key Vault ${hostOf(key)} answered without a value.`)

export const removed = (key: SecretKey) =>
  new CofferError('deleted', `The Key Vault ${hostOf(key)} has it among its deleted secrets.`, {
    remedy: `Bring it back with \`az keyvault secret recover --name ${key.name}\`, or write a new one.`,
  })

function rowOf(error: unknown): Row {
  const { statusCode, code = '', inner, name, message } = partsOf(error)
  if (inner !== undefined && Object.hasOwn(INNER_CODES, inner)) return INNER_CODES[inner]!
  if (/Credential|Authentication/.test(name)) return LOGIN
  // A document that cannot be parsed, or has another shape than the client looks for.
  if ((code === 'PARSE_ERROR' && statusCode === 200) || error instanceof TypeError) return STRANGE
  const byCode = CODES.find(([pattern]) => pattern.test(code))?.[1]
  if (byCode !== undefined) return byCode
  if (statusCode !== undefined) {
    return STATUSES[statusCode] ?? { code: 'unavailable', why: `answered ${statusCode}` }
  }
  if (/challenge/i.test(message)) return CHALLENGE
  return { code: 'unavailable', why: 'cannot be reached' }
}

/** Errors of the client and of its credentials, as far as their shape is known. */
function partsOf(error: unknown) {
  const e = (error ?? {}) as {
    statusCode?: unknown
    code?: unknown
    name?: unknown
    message?: unknown
    details?: { error?: { innerError?: { code?: unknown } } }
    response?: { headers?: { get(name: string): string | undefined } }
  }
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
  const code = text(e.code)
  return {
    statusCode: typeof e.statusCode === 'number' ? e.statusCode : undefined,
    code,
    reason: code !== undefined && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined,
    inner: text(e.details?.error?.innerError?.code),
    name: text(e.name) ?? '',
    message: text(e.message) ?? '',
    retryAfterMs: retryAfterMs(e.response?.headers?.get('retry-after')),
  }
}

const hostOf = ({ vaultUrl }: SecretKey) => new URL(vaultUrl).host
