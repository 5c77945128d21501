/** Every error this dialect answers with, and its HTTP status: the service's own. */
export const FAULTS = {
  ResourceNotFoundException: 400,
  ResourceExistsException: 400,
  InvalidParameterException: 400,
  InvalidRequestException: 400,
  InvalidNextTokenException: 400,
  LimitExceededException: 400,
  MalformedPolicyDocumentException: 400,
  PublicPolicyException: 400,
  DecryptionFailure: 400,
  AccessDeniedException: 400,
  ValidationException: 400,
  SerializationException: 400,
  UnknownOperationException: 400,
  MissingAuthenticationTokenException: 400,
  IncompleteSignatureException: 400,
  InvalidSignatureException: 400,
  UnrecognizedClientException: 400,
  ThrottlingException: 429,
  RequestEntityTooLargeException: 413,
  InternalServiceError: 500,
  ServiceUnavailableException: 503,
} as const

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
    return FAULTS[this.type]
  }
}
