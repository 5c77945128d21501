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
import type { Asking } from './observe.ts'
import type { Operation, Server } from './server.ts'

/** Who sent a request, with the Coffer that it may use. */
export interface Caller {
  readonly session: Session
  readonly coffer: Coffer
  /** As whom and by which way in the coffer acts. */
  readonly by: Operator
}

/** With what resource policies know of the request. */
export interface AskingCaller extends Caller {
  asker(): Asker
}

/**
 * The caller by a bearer token; without a promise where nothing has to be waited for.
 * @throws `unauthenticated` when there is none or it is not good, `throttled`, `sealed`
 */
export function callerOf(
  server: Server,
  request: Asking,
  token: string | undefined,
  via: string,
  operation: Operation,
): Caller | Promise<Caller> {
  noteCaller(request, via, operation)
  const platform = server.gate.platform()
  const from = { address: request.ip, via, request: request.id }
  const session =
    token === undefined || token === '' ? undefined : platform.identities.authenticate(token, from)
  const enter = (found: Session | undefined) => {
    if (found === undefined) throw refusedCaller(server, request, via)
    return admitted(server, request, found, via, operation)
  }
  return session instanceof Promise ? session.then(enter) : enter(session)
}

/**
 * The caller by a session that a dialect checked its own way (a signature). `as` says more of the
 * request where resource policies know more of it. @throws `throttled`
 */
export function admitted(
  server: Server,
  request: Asking,
  session: Session,
  via: string,
  operation: Operation,
  as: Pick<Asker, 'region' | 'operation'> = {},
): AskingCaller | Promise<AskingCaller> {
  noteCaller(request, via, operation, session.actor)
  const waiting = server.guard.admit(session.actor, operation)
  const { actor, grants, token } = session
  // Taken now: what goes on after its answer has no connection to ask any more.
  const { id, ip, protocol } = request
  const asker = () => askerOf(server, { ip, protocol }, actor, as)
  const by: Operator = {
    actor,
    via,
    request: id,
    address: ip,
    grants,
    token: token?.accessor,
    refuses: (record, action) =>
      hasResourcePolicy(record) && refusedByResourcePolicy(asker(), record, action),
  }
  const enter = () => ({ session, by, asker, coffer: server.gate.platform().as(actor, by) })
  return waiting === undefined ? enter() : waiting.then(enter)
}

/** Who asks, as resource policies see it. */
export const askerOf = (
  server: Server,
  { ip, protocol }: Pick<Asking, 'ip' | 'protocol'>,
  actor: string,
  { region, operation }: Pick<Asker, 'region' | 'operation'>,
): Asker => ({
  accountId: server.options.aws.accountId,
  actor,
  address: ip,
  secure: protocol === 'https',
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
  request: Asking,
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
function refusedCaller(server: Server, request: Asking, via: string): CofferError {
  return (
    server.guard.refused(request.ip, via, 'unauthenticated') ??
    new CofferError('unauthenticated', 'The credential is missing or not valid.')
  )
}
