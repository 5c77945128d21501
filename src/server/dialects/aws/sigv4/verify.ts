import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Identities, Presented, Session } from '../../../../core/ports/identities.ts'
import { AwsFault } from '../errors/fault.ts'
import type { Authorization } from './authorization.ts'
import { invalid, parseAuthorization } from './authorization.ts'
import type { SignedRequest } from './canonical.ts'
import { stringToSign } from './canonical.ts'
import { signedAt } from './instant.ts'
import type { Reading } from './reading.ts'
import type { SigningKeys } from './signing-keys.ts'

export interface Verifier {
  readonly keys: SigningKeys
  readonly reading: Reading
  /** Milliseconds since 1970 UTC. */
  readonly now: number
  readonly identities: Pick<Identities, 'accessKey'>
  readonly from: Presented
  /** The service that the signature must be for. */
  readonly service: string
}

export interface Verified {
  readonly session: Session
  readonly scope: Authorization
}

/**
 * Who signed a request; without a promise where nothing has to be waited for. A signature in the
 * query ("presigned") and one made with a session token are refused: nobody was given such a thing
 * here.
 * @throws AwsFault
 */
export function verifySignature(
  request: SignedRequest,
  { keys, reading, now, identities, from, service }: Verifier,
): Verified | Promise<Verified> {
  const { headers } = request
  const scope = parseAuthorization(headers.authorization, reading.scopeOf)
  if (scope.service !== service) {
    throw invalid(`Credential should be scoped to correct service: '${service}'. `)
  }
  const date = signedAt(headers, scope.date, now, reading.instantOf)
  if (headers['x-amz-security-token'] !== undefined || scope.accessKeyId.length > ID_CHARS_MAX) {
    throw unknownClient()
  }
  const text = stringToSign(request, scope, date)
  const verify = (known: Awaited<ReturnType<Identities['accessKey']>>): Verified => {
    if (known === undefined) throw unknownClient()
    const signature = createHmac('sha256', keys.of(scope, known)).update(text).digest('hex')
    if (!equal(signature, scope.signature)) throw wronglySigned()
    return { session: known.session, scope }
  }
  const found = identities.accessKey(scope.accessKeyId, from)
  return found instanceof Promise ? found.then(verify) : verify(found)
}

const wronglySigned = () =>
  invalid(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
  )

/** No access key is called that, or none that is good now. */
export const unknownClient = () =>
  new AwsFault(
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  )

/** As text: ours is lower-case hex, and so is theirs when they are equal. */
function equal(ours: string, theirs: string): boolean {
  const given = Buffer.from(theirs)
  return given.length === ours.length && timingSafeEqual(Buffer.from(ours), given)
}

const ID_CHARS_MAX = 128
