import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { byLogin, isLogin, LOGIN, refusedLogin } from './azure-login.ts'
import { retryAfterMs } from './retry-after.ts'

/** What a Key Vault said went wrong: its status and the two codes of its error. */
export interface AzureRefusal {
  readonly status: number | undefined
  /** `Forbidden`, or Node's code where there was no answer: `ENOTFOUND`. */
  readonly code: string
  /** `ForbiddenByRbac`, `ObjectIsDeletedButRecoverable`. */
  readonly inner: string
}

/** Reads what the official clients throw; of the vendor's text, its codes alone. */
export function azureRefusal(error: unknown): AzureRefusal {
  const { statusCode, code, details, response } = parts(error)
  const said = parts(parts(details ?? parsed(response?.bodyAsText)).error)
  return {
    status: typeof statusCode === 'number' ? statusCode : undefined,
    code: word(said.code) || word(code),
    // As its releases spell it, and as the service does.
    inner: word(parts(said.innerError ?? said.innererror).code),
  }
}

export type AzureRow = readonly [code: ErrorCode, says: string, remedy?: string]

/** What is meant by an answer here, where the common table says otherwise or nothing. */
export interface AzureMeaning {
  /** What to grant, for the remedy of `denied`. */
  readonly rights: string
  /** By the inner code, or the status. `HOST` is filled in. */
  readonly rows?: Readonly<Record<string, AzureRow>> | undefined
}

/**
 * What the official clients of Azure threw, as an error of ours with nothing of the vendor's text.
 * `details`: `status` of the answer, else `reason`, the code of Node's error.
 */
export function azureFault(
  error: unknown,
  host: string,
  { rights, rows = {} }: AzureMeaning,
): CofferError {
  if (error instanceof CofferError) return error
  const refusal = azureRefusal(error)
  const [errorCode, says, remedy] = rowOf(error, refusal, { ...ROWS, ...rows })
  const { status } = refusal
  // What a failed login has for a status says nothing.
  const code = isLogin(error) ? (refusedLogin(error) ?? '') : refusal.code
  const wait = retryAfterMs(parts(error).response?.headers?.get?.('retry-after'))
  const fill = (text: string) => text.replace('HOST', host).replace('RIGHTS', rights)
  const about = status === undefined || isLogin(error) ? code : `HTTP ${status}`
  return new CofferError(errorCode, `${fill(says)}${about === '' ? '' : ` (${about})`}.`, {
    ...(remedy === undefined ? {} : { remedy: fill(remedy) }),
    details: {
      ...(status === undefined ? { reason: code || 'none' } : { status }),
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    },
  })
}

function rowOf(
  error: unknown,
  { status, code, inner }: AzureRefusal,
  rows: Readonly<Record<string, AzureRow>>,
): AzureRow {
  const message = error instanceof Error ? error.message : ''
  const own = (key: string) => (Object.hasOwn(rows, key) ? rows[key] : undefined)
  const known = own(inner)
  if (known !== undefined) return known
  if (isLogin(error)) return byLogin(error)
  // A document that cannot be parsed, or has another shape than the client looks for.
  if ((code === 'PARSE_ERROR' && status === 200) || error instanceof TypeError) return STRANGE
  if (status === undefined) {
    if (CHALLENGE.test(message)) return STRANGER
    // Node's errors have codes; what has none, the client says of an answer that it cannot use.
    if (code === '') return STRANGE
    return NETWORK.find(([pattern]) => pattern.test(code))?.[1] ?? UNKNOWN
  }
  return own(String(status)) ?? byStatus(status)
}

const STRANGER: AzureRow = [
  'unavailable',
  'What answers at HOST asks for a token for another place, and was given none',
  'Check the address of the vault: what answers there is no Key Vault.',
]
const DENIED: AzureRow = ['denied', 'HOST does not allow it', 'RIGHTS']
const DOWN: AzureRow = ['unavailable', 'HOST is not able to answer now']
const UNKNOWN: AzureRow = ['unavailable', 'HOST cannot be reached']
const STRANGE: AzureRow = [
  'corrupt',
  'HOST did not answer as a Key Vault does',
  'Try again. If it stays so, a proxy that answers itself may stand between.',
]
const ELSEWHERE: AzureRow = [
  'unavailable',
  'HOST leads elsewhere, which is not followed',
  'Check the address of the vault: what answers there is no Key Vault.',
]
const UNACCEPTED: AzureRow = ['invalid_argument', 'HOST does not accept the request']
const NETWORK_DENIED: AzureRow = [
  'denied',
  'The firewall of HOST does not let this address in',
  'Allow this network in the networking settings of the vault, or ask through its private endpoint.',
]

const ROWS: Readonly<Record<string, AzureRow>> = {
  ForbiddenByFirewall: NETWORK_DENIED,
  ForbiddenByConnection: NETWORK_DENIED,
  SecretDisabled: ['disabled', 'The secret is disabled in HOST'],
  ObjectIsBeingDeleted: [
    'conflict',
    'The secret is being deleted in HOST at this moment',
    'Wait a minute, then try again.',
  ],
  400: ['invalid_value', 'HOST does not take the name, the value or the tags'],
  401: LOGIN,
  403: DENIED,
  404: ['not_found', 'HOST does not have it'],
  409: ['conflict', 'Somebody changes the secret in HOST at this moment'],
  413: ['too_large', 'The value is larger than HOST takes'],
  429: ['throttled', 'HOST asks for fewer calls'],
  504: ['timeout', 'HOST did not answer in time'],
}

/** How the official client begins when a vault is not in the place that it claims to be in. */
const CHALLENGE = /challenge/i
/** Node's codes that tell of the way there. */
const NETWORK: readonly (readonly [RegExp, AzureRow])[] = [
  [
    /^(?:ENOTFOUND|EAI_AGAIN)$/,
    [
      'unavailable',
      'There is no host HOST',
      'Check the name of the vault: one that does not exist has no host. Then the network of this machine.',
    ],
  ],
  [
    /CERT|TLS|SSL|EPROTO|SELF_SIGNED|SIGNATURE|UNABLE_TO/,
    [
      'unavailable',
      'The certificate of HOST is not trusted here',
      'Check what stands before it; NODE_EXTRA_CA_CERTS names further authorities.',
    ],
  ],
]

function byStatus(status: number): AzureRow {
  if (status >= 500) return DOWN
  if (status < 300) return STRANGE
  return status < 400 ? ELSEWHERE : UNACCEPTED
}

/** A code is one word; anything else could be a text. */
const word = (text: unknown): string =>
  typeof text === 'string' && /^[A-Za-z0-9_.]{1,128}$/.test(text) ? text : ''

function parsed(text: unknown): unknown {
  if (typeof text !== 'string' || text.length > BODY_CHARS_MAX) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const BODY_CHARS_MAX = 16_384

interface Parts {
  readonly statusCode?: unknown
  readonly code?: unknown
  readonly error?: unknown
  readonly details?: unknown
  readonly innerError?: unknown
  readonly innererror?: unknown
  readonly response?: {
    readonly bodyAsText?: unknown
    readonly headers?: { get?(name: string): string | undefined }
  }
}

const parts = (value: unknown): Parts => (typeof value === 'object' && value !== null ? value : {})
