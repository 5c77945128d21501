import type { Call } from './call.ts'
import type { AwsFault, FaultType } from './errors/fault.ts'
import { principalOf } from './names/arn.ts'

/** The part of AWS STS that clients ask before anything else: who am I? Query protocol, XML. */
export const callerIdentity = (call: Call, requestId: string): string => {
  const { actor } = call.session
  return xml(
    'GetCallerIdentityResponse',
    `<GetCallerIdentityResult><Arn>${escaped(principalOf(call, actor))}</Arn><UserId>${escaped(actor)}</UserId><Account>${call.accountId}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>${escaped(requestId)}</RequestId></ResponseMetadata>`,
  )
}

export function stsFault(fault: AwsFault, requestId: string): { status: number; body: string } {
  const { code, status } = QUERY_FAULTS[fault.type] ?? { code: fault.type, status: fault.status }
  const type = status < 500 ? 'Sender' : 'Receiver'
  const body = xml(
    'ErrorResponse',
    `<Error><Type>${type}</Type><Code>${code}</Code><Message>${escaped(fault.message)}</Message></Error><RequestId>${escaped(requestId)}</RequestId>`,
  )
  return { status, body }
}

/** The query protocol's own names for what the JSON protocol calls otherwise. */
const QUERY_FAULTS: { readonly [T in FaultType]?: { code: string; status: number } } = {
  MissingAuthenticationTokenException: { code: 'MissingAuthenticationToken', status: 403 },
  IncompleteSignatureException: { code: 'IncompleteSignature', status: 400 },
  InvalidSignatureException: { code: 'SignatureDoesNotMatch', status: 403 },
  UnrecognizedClientException: { code: 'InvalidClientTokenId', status: 403 },
  AccessDeniedException: { code: 'AccessDenied', status: 403 },
  ThrottlingException: { code: 'Throttling', status: 429 },
  UnknownOperationException: { code: 'InvalidAction', status: 400 },
  InternalServiceError: { code: 'InternalFailure', status: 500 },
  ServiceUnavailableException: { code: 'ServiceUnavailable', status: 503 },
}

const xml = (element: string, inner: string) =>
  `<${element} xmlns="https://sts.amazonaws.com/doc/2011-06-15/">${inner}</${element}>\n`

const escaped = (text: string) => text.replace(/[<>&"']/g, (char) => `&#${char.charCodeAt(0)};`)
