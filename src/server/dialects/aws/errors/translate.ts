import type { CofferError, ErrorCode } from '../../../../core/errors.ts'
import { isCofferError } from '../../../../core/errors.ts'
import { AwsFault } from './fault.ts'
import { faults } from './faults.ts'

/** Who asked for what: a denial names it. */
export interface Asked {
  readonly operation: string
  readonly principal: string
  /** The `SecretId` or `Name` as the client wrote it; `*` where there is none. */
  readonly resource: string
}

/** Any error as what AWS would answer. What no row speaks of is an internal one, without detail. */
export function faultOf(error: unknown, asked: Asked): AwsFault {
  if (error instanceof AwsFault) return error
  if (!isCofferError(error)) return internal()
  return (ROWS[error.code] ?? internal)(error, asked)
}

type Translate = (error: CofferError, asked: Asked) => AwsFault

const internal = () => new AwsFault('InternalServiceError', 'An error occurred on the server side.')

const unavailable = () =>
  new AwsFault('ServiceUnavailableException', 'The service is unavailable. Try again later.')

/** Our messages name a path, a version and a reason; never a value. */
const request: Translate = ({ message }) => faults.request(message)
const parameter: Translate = ({ message }) => faults.parameter(message)

const ROWS: { readonly [C in ErrorCode]?: Translate } = {
  not_found: faults.noSecret,
  denied: ({ details }, { operation, principal, resource }) => {
    const why =
      details['explicitly'] === true
        ? 'with an explicit deny in a resource-based policy'
        : `because no identity-based policy allows the secretsmanager:${operation} action`
    return new AwsFault(
      'AccessDeniedException',
      `User: ${principal} is not authorized to perform: secretsmanager:${operation} on resource: ${resource} ${why}`,
    )
  },
  unauthenticated: () =>
    new AwsFault(
      'UnrecognizedClientException',
      'The security token included in the request is invalid.',
    ),
  throttled: ({ details }) =>
    new AwsFault('ThrottlingException', 'Rate exceeded', Number(details['retryAfterSeconds'] ?? 1)),
  deleted: faults.markedForDeletion,
  destroyed: request,
  empty_version: request,
  disabled: request,
  not_yet_valid: request,
  expired: request,
  failed_precondition: request,
  conflict: () =>
    faults.request("You can't perform this operation on the secret because it was just changed."),
  invalid_path: faults.invalidName,
  invalid_label: parameter,
  invalid_value: parameter,
  invalid_argument: parameter,
  too_large: parameter,
  limit_exceeded: ({ message }, { operation }) =>
    LIMITED.has(operation)
      ? new AwsFault('LimitExceededException', message)
      : faults.parameter(message),
  corrupt: () =>
    new AwsFault(
      'DecryptionFailure',
      "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
    ),
  sealed: unavailable,
  store_busy: unavailable,
  store_unavailable: unavailable,
  store_read_only: unavailable,
  store_full: unavailable,
  audit_unavailable: unavailable,
  unavailable,
  timeout: unavailable,
}

/** The operations that have an error for a limit in the service's model. */
const LIMITED = new Set([
  'CreateSecret',
  'PutSecretValue',
  'UpdateSecret',
  'UpdateSecretVersionStage',
])
