import type { Grants } from '../../../../core/ports/identities.ts'
import type { Coffer } from '../../../../core/ports/coffer.ts'
import { refuse } from '../errors.ts'
import { foldedName } from '../folded-name.ts'

/** Coffer's `admin` is called `root` here, and nothing else is called otherwise. */
const ADMIN = 'admin'
const ROOT = 'root'
export const DEFAULT_POLICY = 'default'

/** A name as clients write it; case does not count. @throws VaultRefusal 400 */
export function policyName(given: string): string {
  const name = foldedName(given)
  if (name === ROOT) return ADMIN
  if (NAME.test(name)) return name
  throw refuse(400, 'a policy name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit')
}

/** What is none names no policy that could be there. */
export const isPolicyName = (given: string): boolean => NAME.test(foldedName(given))

export const policyNames = (given: readonly string[]): string[] => [
  ...new Set(given.filter((name) => name.trim() !== '').map(policyName)),
]

/** Names as clients are shown them, in order. */
export const shownPolicies = (names: readonly string[]): string[] =>
  [...new Set(names.map(shownPolicy))].toSorted()

export const shownPolicy = (name: string): string => (name === ADMIN ? ROOT : name)

export const isRootPolicy = (name: string): boolean => name === ADMIN

/** The policies of a token, those of its roles among them. `coffer` must be one that may ask. */
export async function policiesOf(
  coffer: Coffer,
  actor: string,
  grants: Grants | undefined,
): Promise<string[]> {
  const held = grants ?? (await coffer.access.actors()).find(({ name }) => name === actor)
  if (held === undefined) return []
  if (held.roles.length === 0) return [...held.policies]
  const roles = await coffer.access.roles()
  const granted = roles.filter(({ name }) => held.roles.includes(name))
  return [...held.policies, ...granted.flatMap(({ policies }) => policies)]
}

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
