import type { FastifyRequest } from 'fastify'
import { CofferError, isCofferError } from '../core/errors.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import type { Session } from '../core/ports/identities.ts'
import type { Operator } from '../core/ports/platform.ts'
import type { Asker } from './dialects/aws/resource-policy/refusal.ts'
import {
  hasResourcePolicy,
  refusedByResourcePolicy,
} from './dialects/aws/resource-policy/refusal.ts'
import { noteCaller } from './observe.ts'
import type { Operation, Server } from './server.ts'

/** Who sent a request, with the Coffer that it may use. */
export interface Caller {
  readonly session: Session
  readonly coffer: Coffer
  /** As whom and by which way in the coffer acts. */
  readonly by: Operator
}

/**
 * The caller by a bearer token.
 * @throws `unauthenticated` when there is none or it is not good, `throttled`, `sealed`
 */
export async function callerOf(
  server: Server,
  request: FastifyRequest,
  token: string | undefined,
  via: string,
  operation: Operation,
): Promise<Caller> {
  noteCaller(request, via, operation)
  const platform = server.gate.platform()
  const from = { address: request.ip, via, request: request.id }
  const session =
    token === undefined || token === ''
      ? undefined
      : await platform.identities.authenticate(token, from)
  if (session === undefined) throw refusedCaller(server, request, via)
  return admitted(server, request, session, via, operation)
}

/**
 * The caller by a session that a dialect checked its own way (a signature). `as` says more of the
 * request where resource policies know more of it. @throws `throttled`
 */
export async function admitted(
  server: Server,
  request: FastifyRequest,
  session: Session,
  via: string,
  operation: Operation,
  as: Pick<Asker, 'region' | 'operation'> = {},
): Promise<Caller & { readonly asker: Asker }> {
  noteCaller(request, via, operation, session.actor)
  const waiting = server.guard.admit(session.actor, operation)
  if (waiting !== undefined) await waiting
  const { actor, grants, token } = session
  // Taken now: what goes on after its answer has no connection to ask any more.
  const asker = askerOf(server, request, actor, as)
  const by: Operator = {
    actor,
    via,
    request: request.id,
    address: request.ip,
    grants,
    token: token?.accessor,
    refuses: (record, action) =>
      hasResourcePolicy(record) &&
      refusedByResourcePolicy({ ...asker, now: server.clock() }, record, action),
  }
  return { session, by, asker, coffer: server.gate.platform().as(actor, by) }
}

/** Who asks, as resource policies see it. */
export const askerOf = (
  server: Server,
  request: FastifyRequest,
  actor: string,
  { region, operation }: Pick<Asker, 'region' | 'operation'>,
): Asker => ({
  accountId: server.options.aws.accountId,
  actor,
  address: request.ip,
  secure: request.protocol === 'https',
  now: server.clock(),
  region,
  operation,
})

/**
 * A login, limited and watched: failed ones are counted by address and by what is logged in to, so
 * that no stranger locks somebody else out. `name` is what is logged in to (a role id, `unseal`), not a
 * secret.
 * @throws `throttled`, and what `login` throws
 */
export async function loggingIn<T>(
  server: Server,
  request: FastifyRequest,
  via: string,
  name: string,
  login: () => Promise<T>,
): Promise<T> {
  noteCaller(request, via, 'login')
  await server.guard.admitLogin(request.ip, name)
  try {
    const made = await login()
    server.guard.loginEnded(request.ip, name, true)
    return made
  } catch (error) {
    if (!isCofferError(error) || !GUESSED_WRONG.has(error.code)) throw error
    server.guard.loginEnded(request.ip, name, false)
    throw server.guard.refused(request.ip, via, error.code) ?? error
  }
}

/** What somebody is told who tries a credential, or a share of the root key, that is not good. */
const GUESSED_WRONG: ReadonlySet<string> = new Set(['unauthenticated', 'wrong_key', 'invalid_key'])

/** Counts a credential that was not good, and answers with the error to throw. */
function refusedCaller(server: Server, request: FastifyRequest, via: string): CofferError {
  return (
    server.guard.refused(request.ip, via, 'unauthenticated') ??
    new CofferError('unauthenticated', 'The credential is missing or not valid.')
  )
}
