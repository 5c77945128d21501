import type { ActorRecord, Role } from '../ports/coffer.ts'
import { BUILTIN_POLICIES, INITIAL_POLICIES } from './builtin.ts'
import type { Policy } from './policy.ts'

/** Looks up by name; absent is undefined. Built-in policies need not be known to it. */
export interface Directory {
  policy(name: string): Policy | undefined
  role(name: string): Role | undefined
}

/** A policy of an actor and the roles by which it comes; no roles: given directly. */
export interface Grant {
  readonly policy: Policy
  readonly direct: boolean
  readonly roles: readonly string[]
}

/**
 * Every policy of an actor, each once: those given directly, then those of its roles. Built-ins win
 * over stored policies of the same name, and these over initial ones. A name that stands for nothing gives nothing.
 */
export function grantsOf(actor: ActorRecord, directory: Directory): Grant[] {
  const grants = new Map<string, { policy: Policy; direct: boolean; roles: string[] }>()
  const add = (name: string, role?: string): void => {
    const policy =
      BUILTIN_POLICIES.get(name) ?? directory.policy(name) ?? INITIAL_POLICIES.get(name)
    if (policy === undefined) return
    const grant = grants.get(name) ?? { policy, direct: false, roles: [] }
    if (role === undefined) grant.direct = true
    else grant.roles.push(role)
    grants.set(name, grant)
  }
  for (const name of actor.policies) add(name)
  for (const roleName of actor.roles) {
    for (const name of directory.role(roleName)?.policies ?? []) add(name, roleName)
  }
  return [...grants.values()]
}
