import type { ErrorCode } from '../../../../core/errors.ts'

/** Of an error of AWS: its HTTP status there, and what logs and metrics call it. */
interface FaultRow {
  readonly status: number
  readonly code: ErrorCode
  /** The member that its text is in. */
  readonly says: 'Message' | 'message'
}

/** One of the service's own model, and the denial. */
const row = (status: number, code: ErrorCode): FaultRow => ({ status, code, says: 'Message' })
/** One that every service of AWS has. */
const common = (status: number, code: ErrorCode): FaultRow => ({ status, code, says: 'message' })

/** Every error this dialect answers with. */
export const FAULTS = {
  ResourceNotFoundException: row(400, 'not_found'),
  ResourceExistsException: row(400, 'already_exists'),
  InvalidParameterException: row(400, 'invalid_argument'),
  InvalidRequestException: row(400, 'conflict'),
  InvalidNextTokenException: row(400, 'invalid_argument'),
  LimitExceededException: row(400, 'limit_exceeded'),
  MalformedPolicyDocumentException: row(400, 'invalid_policy'),
  PublicPolicyException: row(400, 'invalid_policy'),
  DecryptionFailure: row(400, 'corrupt'),
  AccessDeniedException: row(400, 'denied'),
  ValidationException: common(400, 'invalid_argument'),
  SerializationException: common(400, 'invalid_argument'),
  UnknownOperationException: common(400, 'invalid_argument'),
  MissingAuthenticationTokenException: common(400, 'unauthenticated'),
  IncompleteSignatureException: common(400, 'unauthenticated'),
  InvalidSignatureException: common(400, 'unauthenticated'),
  UnrecognizedClientException: common(400, 'unauthenticated'),
  ThrottlingException: common(429, 'throttled'),
  RequestEntityTooLargeException: common(413, 'too_large'),
  InternalServiceError: row(500, 'internal'),
  ServiceUnavailableException: common(503, 'unavailable'),
} as const satisfies Record<string, FaultRow>

export type FaultType = keyof typeof FAULTS

/** An error in AWS's words. Its message holds no value and no credential. */
export class AwsFault extends Error {
  readonly type: FaultType
  readonly retryAfterSeconds: number | undefined

  constructor(type: FaultType, message: string, retryAfterSeconds?: number) {
    super(message)
    this.name = 'AwsFault'
    this.type = type
    this.retryAfterSeconds = retryAfterSeconds
  }

  get status(): number {
    return FAULTS[this.type].status
  }

  /** As it is written on the wire. */
  toJson(): string {
    return JSON.stringify({ __type: this.type, [FAULTS[this.type].says]: this.message })
  }
}
