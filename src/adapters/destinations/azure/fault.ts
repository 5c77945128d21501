import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { retryAfterMs } from '../../net/retry-after.ts'

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

/**
 * What the official clients of Azure threw, as an error of ours with nothing of the vendor's text.
 * `details`: `status` of the answer, else `reason`, the code of Node's error.
 * @param rights what to grant, for the remedy of `denied`
 */
export function azureFault(error: unknown, host: string, rights: string): CofferError {
  if (error instanceof CofferError) return error
  const { status, code, inner } = azureRefusal(error)
  const name = error instanceof Error ? error.name : ''
  const [errorCode, says, remedy] =
    (IDENTITY.test(name) ? LOGIN : undefined) ??
    (CHALLENGE.test(error instanceof Error ? error.message : '') ? STRANGER : undefined) ??
    own(inner) ??
    (status === undefined ? networkRow(code) : (own(String(status)) ?? byStatus(status)))
  const wait = retryAfterMs(parts(error).response?.headers?.get?.('retry-after'))
  const fill = (text: string) => text.replace('HOST', host).replace('RIGHTS', rights)
  const about = status === undefined ? code : `HTTP ${status}`
  return new CofferError(errorCode, `${fill(says)}${about === '' ? '' : ` (${about})`}.`, {
    ...(remedy === undefined ? {} : { remedy: fill(remedy) }),
    details: {
      ...(status === undefined ? { reason: code || 'none' } : { status }),
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    },
  })
}

type Row = readonly [code: ErrorCode, says: string, remedy?: string]

const LOGIN: Row = [
  'unauthenticated',
  'There is no good Azure login for HOST',
  'Run `az login`, or give AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret, certificate or federated token; `az account show` tells who you are.',
]
const STRANGER: Row = [
  'unavailable',
  'What answers at HOST asks for a token for another place, and was given none',
  'Check the address of the vault: what answers there is no Key Vault.',
]
const DENIED: Row = ['denied', 'HOST does not allow it', 'RIGHTS']
const DOWN: Row = ['unavailable', 'HOST is not able to answer now']
const UNKNOWN: Row = ['unavailable', 'HOST cannot be reached']

const ROWS: Readonly<Record<string, Row>> = {
  ForbiddenByFirewall: [
    'denied',
    'The firewall of HOST does not let this address in',
    'Allow this network in the networking settings of the vault, or run it from one that is allowed.',
  ],
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

const IDENTITY =
  /^(?:CredentialUnavailableError|AuthenticationError|AggregateAuthenticationError|AuthenticationRequiredError)$/
/** How the official client begins when a vault is not in the place that it claims to be in. */
const CHALLENGE = /^The challenge resource /
const TLS = /CERT|SELF_SIGNED|SIGNATURE|^ERR_TLS/

const own = (name: string) => (Object.hasOwn(ROWS, name) ? ROWS[name] : undefined)

const byStatus = (status: number): Row => (status >= 500 ? DOWN : ['invalid_argument', UNACCEPTED])
const UNACCEPTED = 'HOST does not accept the request'

function networkRow(code: string): Row {
  if (code === 'ENOTFOUND') {
    return [
      'unavailable',
      'There is no host HOST',
      'Check the name of the vault: one that does not exist has no host. Then the network of this machine.',
    ]
  }
  if (!TLS.test(code)) return UNKNOWN
  return [
    'unavailable',
    'The certificate of HOST is not trusted',
    'Name the certificate authority in NODE_EXTRA_CA_CERTS, if it is one of your own.',
  ]
}

/** A code is one word; anything else could be a text. */
const word = (text: unknown): string =>
  typeof text === 'string' && /^[A-Za-z0-9_]{1,64}$/.test(text) ? text : ''

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
