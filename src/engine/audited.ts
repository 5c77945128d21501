import type { CofferError } from '../core/errors.ts'
import { isCofferError } from '../core/errors.ts'
import type { AuditAction, AuditEvent } from '../core/event.ts'
import type { Action } from '../core/policy/policy.ts'
import type { Mutable } from '../core/mutable.ts'
import { allows, denied } from './access.ts'
import type { EngineContext, Origin } from './context.ts'

/** The words under which a refusal or failure is audited. */
export interface Attempt {
  readonly action: AuditAction
  readonly resource: string
  /** False for what never takes from the disk's reserve, though administrators may for the same. */
  readonly reserve?: boolean | undefined
}

/** Appends the event of something that did not happen; denied and failed are told apart. */
export async function auditFailure(
  context: EngineContext,
  origin: Origin,
  attempt: Attempt,
  error: unknown,
): Promise<void> {
  // When the log itself is in trouble there is nothing it could add.
  if (!isCofferError(error) || error.code.startsWith('audit_')) return
  await context.log.append([
    {
      at: context.clock(),
      actor: origin.actor,
      action: attempt.action,
      outcome: REFUSALS.has(error.code) ? 'denied' : 'failed',
      resource: attempt.resource,
      code: error.code,
      ...originFacts(origin),
    },
  ])
}

const REFUSALS: ReadonlySet<string> = new Set(['denied', 'unauthenticated'])

type OriginFacts = Pick<AuditEvent, 'via' | 'request' | 'address' | 'accessor'>

/** Member by member, as it is made for every read: spreading what may be absent takes five times as long. */
export function originFacts({ via, request, address, token }: Origin): OriginFacts {
  const facts: Mutable<OriginFacts> = {}
  if (via !== undefined) facts.via = via
  if (request !== undefined) facts.request = request
  if (address !== undefined) facts.address = address
  if (token !== undefined) facts.accessor = token
  return facts
}

/** Decides, and leaves an event either way. @throws `denied`, `failure` where that is given */
export async function requireAudited(
  context: EngineContext,
  origin: Origin,
  action: Action,
  resource: string,
  auditedAs: AuditAction,
  failure?: CofferError,
  labels?: readonly string[],
): Promise<void> {
  const access = await context.access.load(origin)
  if (!allows(access, { action, path: resource, labels, at: context.clock() }).allowed) {
    const error = denied(origin.actor, action, resource)
    await auditFailure(context, origin, { action: auditedAs, resource }, error)
    throw error
  }
  if (failure !== undefined) {
    await auditFailure(context, origin, { action: auditedAs, resource }, failure)
    throw failure
  }
  await auditAllowed(context, origin, auditedAs, resource)
}

/** The event of something that was allowed and changed nothing. */
export async function auditAllowed(
  context: EngineContext,
  origin: Origin,
  auditedAs: AuditAction,
  resource: string,
): Promise<void> {
  await context.log.append([
    {
      at: context.clock(),
      actor: origin.actor,
      action: auditedAs,
      outcome: 'allowed',
      resource,
      ...originFacts(origin),
    },
  ])
}
