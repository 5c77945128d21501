import type { FastifyRequest } from 'fastify'
import { admitted, askerOf } from '../../caller.ts'
import type { Operation as Kind, Server } from '../../server.ts'
import type { Call, DialectState } from './call.ts'
import { AwsFault } from './errors/fault.ts'
import type { SigningKeys } from './sigv4/signing-keys.ts'
import { verifySignature } from './sigv4/verify.ts'

/** How requests of this dialect are called in audit events. */
export const VIA = 'aws'

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
  { keys, ...dialect }: DialectState & { readonly keys: SigningKeys },
  request: FastifyRequest,
  body: Uint8Array,
  { service, operation, kind }: Wanted,
): Promise<Call> {
  const platform = server.gate.platform()
  const { method, url, headers, ip: address } = request
  const now = server.clock()
  const { session, scope } = await verifySignature(
    { method, url, headers, body },
    {
      keys,
      now,
      identities: platform.identities,
      from: { address, via: VIA, request: request.id },
      service,
    },
  ).catch((error: unknown) => {
    if (error instanceof AwsFault) server.guard.refused(address, VIA, 'unauthenticated')
    throw error
  })
  const { region } = scope
  // A batch reads each of its secrets, and is refused each of them by itself.
  const as = {
    region,
    operation: operation === 'BatchGetSecretValue' ? 'GetSecretValue' : operation,
  }
  const caller = await admitted(server, request, session, VIA, kind, as)
  return {
    ...caller,
    region,
    accountId: server.options.aws.accountId,
    operation,
    platform,
    now,
    asker: { ...askerOf(server, request, session.actor), ...as },
    server,
    dialect,
  }
}
