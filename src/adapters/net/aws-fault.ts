import { CofferError } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { retryAfterMs } from './retry-after.ts'

/** Where a call went, for the errors that name it. */
export interface AwsPlace {
  readonly region?: string | undefined
  readonly endpoint?: string | undefined
  /** Whose credential is looked for. */
  readonly profile?: string | undefined
}

/**
 * What the official client of AWS threw, as an error of ours: by its name, else by its status, with
 * nothing of the vendor's text. `not_found` is left to the caller to tell.
 * @returns the error itself where it is ours already: what a signal was aborted with
 */
export function awsFault(error: unknown, place: AwsPlace): CofferError {
  if (error instanceof CofferError) return error
  const { name, code, message, status, header } = partsOf(error)
  const fault = byCode(code) ?? own(name) ?? own(code) ?? byStatus(status, name)
  if (fault === undefined) {
    const what = status === undefined ? shortName(code || name) : `status ${status}`
    return new CofferError('unavailable', `AWS answered in a way that is not known (${what}).`)
  }
  const [errorCode, why, remedy] = bySaid(message, fault)
  const waitMs = retryAfterMs(header)
  return new CofferError(errorCode, fill(why, place, code || name), {
    ...(remedy === undefined ? {} : { remedy: fill(remedy, place, code || name) }),
    details: {
      ...(SHORT.test(name) ? { vendorCode: name } : {}),
      ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    },
  })
}

/** The vendor's own name of an error that says no more than that something is not there. */
export const isAwsAbsence = (error: unknown): boolean =>
  partsOf(error).name === 'ResourceNotFoundException'

/** Neither the options nor the environment nor a profile names one. */
export const noRegion = (): CofferError => {
  const [code, why, remedy = ''] = NO_REGION
  return new CofferError(code, why, { remedy })
}

/** Code, message and remedy. What stands in braces is filled in. */
type Fault = readonly [code: ErrorCode, why: string, remedy?: string]

const CREDENTIAL: Fault = [
  'unauthenticated',
  'AWS does not know this credential, or its signature is wrong.',
  'Give good credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or a role; `aws sts get-caller-identity` tells whose they are.',
]
const EXPIRED: Fault = [
  'unauthenticated',
  'The AWS credential has expired, or the clock of this machine is wrong.',
  'Log in again (`aws sso login`), or renew the session; check the clock.',
]
const NONE: Fault = [
  'unauthenticated',
  'No AWS credential was found{profile}.',
  'Log in (`aws sso login`), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role; `aws configure list` shows what is found.',
]
const ENDED: Fault = [
  'unauthenticated',
  'The SSO login of AWS has ended, or there was none{profile}.',
  'Log in again: `aws sso login{option}`.',
]
const FILE: Fault = [
  'unauthenticated',
  'A file with an AWS credential cannot be read ({code}).',
  'Check the names in AWS_WEB_IDENTITY_TOKEN_FILE, AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and the profile.',
]
const DENIED: Fault = [
  'denied',
  'AWS does not allow it.',
  'Allow secretsmanager:GetSecretValue on it (and kms:Decrypt on its key) for this role or user, in the policies of both sides.',
]
const ACCOUNT: Fault = ['denied', 'AWS has not opened this service or region for the account.']
const THROTTLED: Fault = ['throttled', 'AWS asks for fewer calls.']
const DOWN: Fault = ['unavailable', 'AWS Secrets Manager failed to answer.']
const HOST: Fault = [
  'unavailable',
  '{host} cannot be reached ({code}).',
  'Check the region (AWS_REGION, or the option region of the provider), the endpoint and the network.',
]
const CUT: Fault = [
  'unavailable',
  'The connection to {host} was cut ({code}).',
  'Try again; if it stays so, look at the network and at a proxy that may stand before it.',
]
const TLS: Fault = [
  'unavailable',
  'The certificate of {host} is not trusted ({code}).',
  'Name the certificate authority in NODE_EXTRA_CA_CERTS, if it is one of your own.',
]
const GARBLED: Fault = [
  'corrupt',
  '{host} answered with something that is no answer of AWS.',
  'Check the endpoint: a proxy may stand before it, or another service.',
]
const REGION: Fault = [
  'unauthenticated',
  'The credential is not for the region {region}.',
  'Set the region that the secrets are in: AWS_REGION, or the option region of the provider.',
]
const NO_REGION: Fault = [
  'invalid_config',
  'No AWS region is named.',
  'Set AWS_REGION, or the option region of the provider.',
]
const MALFORMED: Fault = [
  'invalid_reference',
  'AWS does not take this as the name or version of a secret.',
  'Correct the reference: a name has letters, digits and /_+=.@-, at most 512 of them; or give the ARN.',
]

const FAULTS: Readonly<Record<string, Fault>> = {
  UnrecognizedClientException: CREDENTIAL,
  InvalidClientTokenId: CREDENTIAL,
  InvalidAccessKeyId: CREDENTIAL,
  InvalidSignatureException: CREDENTIAL,
  SignatureDoesNotMatch: CREDENTIAL,
  IncompleteSignature: CREDENTIAL,
  IncompleteSignatureException: CREDENTIAL,
  MissingAuthenticationToken: CREDENTIAL,
  MissingAuthenticationTokenException: CREDENTIAL,
  ExpiredToken: EXPIRED,
  ExpiredTokenException: EXPIRED,
  RequestExpired: EXPIRED,
  InvalidIdentityToken: EXPIRED,
  NoRegion: NO_REGION,
  CredentialsProviderError: NONE,
  TokenProviderError: NONE,
  AccessDenied: DENIED,
  AccessDeniedException: DENIED,
  NotAuthorized: DENIED,
  OptInRequired: ACCOUNT,
  Throttling: THROTTLED,
  ThrottlingException: THROTTLED,
  ThrottledException: THROTTLED,
  TooManyRequestsException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  RequestThrottled: THROTTLED,
  SlowDown: THROTTLED,
  InternalServiceError: DOWN,
  InternalServiceErrorException: DOWN,
  InternalFailure: DOWN,
  ServiceUnavailable: DOWN,
  DecryptionFailure: [
    'corrupt',
    'AWS cannot decrypt the value with its KMS key.',
    'Check that the key of the secret is enabled and not scheduled for deletion.',
  ],
  InvalidParameterException: MALFORMED,
  InvalidRequestException: MALFORMED,
  ValidationException: MALFORMED,
  TimeoutError: ['timeout', '{host} did not answer in time.'],
}

/** Where a name means several things, of which the text says which. */
function bySaid(message: string, fault: Fault): Fault {
  if (WRONG_REGION.test(message)) return REGION
  return fault === NONE && SSO.test(message) ? ENDED : fault
}

const own = (name: string) => (Object.hasOwn(FAULTS, name) ? FAULTS[name] : undefined)

const NETWORK =
  /^(?:E(?:CONNREFUSED|HOSTUNREACH|NETUNREACH|TIMEDOUT|NOTFOUND|AI_AGAIN|PROTO)|UND_ERR_\w+)$/
const CERTIFICATE = /^(?:ERR_TLS_\w+|CERT_\w+|(?:DEPTH_ZERO_)?SELF_SIGNED_\w+|UNABLE_TO_\w+)$/
const CUT_OFF = /^(?:ECONNRESET|ECONNABORTED|EPIPE)$/
const UNREADABLE = /^(?:ENOENT|EACCES|EISDIR|ENOTDIR)$/
const SSO = /aws sso login|SSO (?:session|token)|token is expired/i
const WRONG_REGION = /scoped to a valid region|scoped to correct (?:region|service)/i
const PLAIN = /^[\w.@-]{1,64}$/
const SHORT = /^[A-Za-z]{1,64}$/

const BY_CODE: readonly (readonly [RegExp, Fault])[] = [
  [CUT_OFF, CUT],
  [NETWORK, HOST],
  [CERTIFICATE, TLS],
  [UNREADABLE, FILE],
]

const byCode = (code: string): Fault | undefined =>
  BY_CODE.find(([pattern]) => pattern.test(code))?.[1]

function byStatus(status: number | undefined, name: string): Fault | undefined {
  if (status === undefined) return name === 'SyntaxError' ? GARBLED : undefined
  if (status === 429) return THROTTLED
  if (status === 401) return CREDENTIAL
  if (status === 403) return DENIED
  if (status >= 500) return DOWN
  return status < 400 || name === 'SyntaxError' ? GARBLED : undefined
}

const shortName = (name: string) => (/^[A-Za-z_]{1,64}$/.test(name) ? name : 'no name')

function fill(text: string, place: AwsPlace, code: string): string {
  const { region = '(none)', endpoint, profile } = place
  const parts: Readonly<Record<string, string>> = {
    '{region}': region,
    '{host}': endpoint || `secretsmanager.${region}.amazonaws.com`,
    '{code}': shortName(code),
    '{profile}': profile === undefined ? '' : ` for the profile ${JSON.stringify(profile)}`,
    '{option}': profile !== undefined && PLAIN.test(profile) ? ` --profile ${profile}` : '',
  }
  return text.replace(/\{\w+\}/g, (part) => parts[part] ?? part)
}

function partsOf(error: unknown) {
  const {
    name = '',
    code = '',
    message = '',
    $metadata = {},
    $response = {},
  } = (typeof error === 'object' && error !== null ? error : {}) as {
    name?: unknown
    code?: unknown
    message?: unknown
    $metadata?: { httpStatusCode?: unknown }
    $response?: { headers?: Record<string, string | undefined>; statusCode?: unknown }
  }
  const status = $metadata.httpStatusCode ?? $response.statusCode
  const noRegion = /Region is missing/.test(String(message))
  return {
    name: noRegion ? 'NoRegion' : String(name),
    code: String(code),
    message: String(message),
    status: typeof status === 'number' ? status : undefined,
    header: $response.headers?.['retry-after'],
  }
}
