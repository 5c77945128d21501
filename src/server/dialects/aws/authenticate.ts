import type { IncomingHttpHeaders } from 'node:http'
import { admitted } from '../../caller.ts'
import type { Asking } from '../../observe.ts'
import type { Operation as Kind, Server } from '../../server.ts'
import type { Call, DialectState } from './call.ts'
import { AwsFault } from './errors/fault.ts'
import type { Reading } from './sigv4/reading.ts'
import type { SigningKeys } from './sigv4/signing-keys.ts'
import { verifySignature } from './sigv4/verify.ts'
import type { Verified } from './sigv4/verify.ts'

/** How requests of this dialect are called in audit events. */
export const VIA = 'aws'

/** What of a request its signature covers, but the body. */
export interface Sent {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
}

/** What is kept of signatures. */
export interface Signatures {
  readonly keys: SigningKeys
  readonly reading: Reading
}

export interface Wanted {
  readonly service: 'secretsmanager' | 'sts'
  readonly operation: string
  readonly kind: Kind
}

/**
 * Who signed the request, as the call that an operation answers.
 * @throws AwsFault for a signature that is not good; `throttled`, `sealed`
 */
export async function authenticate(
  server: Server,
  dialect: DialectState & Signatures,
  request: Asking,
  { method = '', url = '', headers, rawHeaders }: Sent,
  body: Uint8Array,
  { service, operation, kind }: Wanted,
): Promise<Call> {
  const platform = server.gate.platform()
  const { ip: address } = request
  const now = server.clock()
  let verified: Verified
  try {
    const verifying = verifySignature(
      { method, url, headers, rawHeaders, body },
      {
        keys: dialect.keys,
        reading: dialect.reading,
        now,
        identities: platform.identities,
        from: { address, via: VIA, request: request.id },
        service,
      },
    )
    verified = verifying instanceof Promise ? await verifying : verifying
  } catch (error) {
    if (error instanceof AwsFault) server.guard.refused(address, VIA, 'unauthenticated')
    throw error
  }
  const { session, scope } = verified
  const { region } = scope
  // A batch reads each of its secrets, and is refused each of them by itself.
  const as = {
    region,
    operation: operation === 'BatchGetSecretValue' ? 'GetSecretValue' : operation,
  }
  const admitting = admitted(server, request, session, VIA, kind, as)
  const { coffer, by, asker } = admitting instanceof Promise ? await admitting : admitting
  return {
    coffer,
    by,
    session,
    region,
    accountId: server.options.aws.accountId,
    operation,
    platform,
    now,
    asker: { ...asker(), now },
    server,
    dialect,
  }
}
