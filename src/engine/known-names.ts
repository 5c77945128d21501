import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { BUILTIN_POLICIES, INITIAL_POLICIES } from '../core/policy/builtin.ts'
import { checkAccessName } from '../core/policy/validate.ts'
import type { Transaction } from './transaction.ts'

type AccessKind = 'policy' | 'role' | 'actor'

/** @throws CofferError `not_found`, `corrupt` */
export async function mustBeThere(tx: Transaction, kind: AccessKind, name: string): Promise<void> {
  if ((await tx.named(kind, name)) === undefined) throw missing(kind, name)
}

/** The same for what is to be removed, which may be damaged. @throws CofferError `not_found` */
export async function mustBeThereToRemove(
  tx: Transaction,
  kind: AccessKind,
  name: string,
): Promise<void> {
  if (!(await tx.has(name, kind))) throw missing(kind, name)
}

const missing = (kind: AccessKind, name: string) =>
  new CofferError('not_found', `There is no ${kind} ${name}.`, {
    remedy: `See \`coffer ${kind} list\`.`,
  })

/** @throws CofferError `not_found` */
export async function policiesExist(tx: Transaction, policies: readonly string[]): Promise<void> {
  for (const name of policies) {
    if (BUILTIN_POLICIES.has(name) || INITIAL_POLICIES.has(name)) continue
    await mustBeThere(tx, 'policy', name)
  }
}

/** Names of policies or roles, each once. @throws CofferError `invalid_argument`, `invalid_policy` */
export function names(what: string, input: readonly string[]): string[] {
  if (!Array.isArray(input) || input.length > LIMITS.policiesPerActorMax) {
    throw new CofferError(
      'invalid_argument',
      `${what} is a list of at most ${LIMITS.policiesPerActorMax} names.`,
    )
  }
  return [...new Set(input.map((name) => checkAccessName(what, name)))]
}
