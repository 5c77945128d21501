import type { IncomingHttpHeaders } from 'node:http'
import { admitted } from '../../caller.ts'
import type { Asking } from '../../observe.ts'
import type { Operation as Kind, Server } from '../../server.ts'
import type { Call, DialectState } from './call.ts'
import { AwsFault } from './errors/fault.ts'
import type { SigningKeys } from './sigv4/signing-keys.ts'
import { verifySignature } from './sigv4/verify.ts'
import type { Verified } from './sigv4/verify.ts'

/** How requests of this dialect are called in audit events. */
export const VIA = 'aws'

/** A request of this dialect, by whichever way it came. */
export interface AskingAws extends Asking {
  readonly method: string
  readonly url: string
  readonly headers: IncomingHttpHeaders
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
  dialect: DialectState & { readonly keys: SigningKeys },
  request: AskingAws,
  body: Uint8Array,
  { service, operation, kind }: Wanted,
): Promise<Call> {
  const platform = server.gate.platform()
  const { method, url, headers, ip: address } = request
  const now = server.clock()
  let verified: Verified
  try {
    verified = await verifySignature(
      { method, url, headers, body },
      {
        keys: dialect.keys,
        now,
        identities: platform.identities,
        from: { address, via: VIA, request: request.id },
        service,
      },
    )
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
  const { coffer, by, asker } = await admitted(server, request, session, VIA, kind, as)
  return {
    coffer,
    by,
    session,
    region,
    accountId: server.options.aws.accountId,
    operation,
    platform,
    now,
    asker: { ...asker, now },
    server,
    dialect,
  }
}
