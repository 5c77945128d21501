import { refuse } from '../../errors.ts'
import { DEFAULT_POLICY, isRootPolicy, policyNames, shownPolicies } from '../policy-names.ts'
import type { TokenRole } from './role.ts'

/** What decides over the policies of a new token. */
export interface PolicyRequest {
  /** As asked for; empty: none in particular. */
  readonly asked: readonly string[]
  /** Of the token that asks. */
  readonly held: readonly string[]
  readonly noDefault: boolean
  /** Root, or `sudo` at this address. */
  readonly isSudo: boolean
  readonly role: TokenRole | undefined
}

/**
 * The policies of a new token: no more than its maker has, unless a role or `sudo` says otherwise; and
 * `default` where Vault would add it.
 * @throws VaultRefusal 400
 */
export function policiesOfNew(request: PolicyRequest): string[] {
  const { held, noDefault, role } = request
  const isBound = role !== undefined && limits(role)
  const chosen = isBound ? byRole(request, role) : byMaker(request)
  const policies = noDefault ? chosen.filter((name) => name !== DEFAULT_POLICY) : chosen
  if (policies.some(isRootPolicy) && !held.some(isRootPolicy)) {
    throw refuse(400, 'root tokens may not be created without parent token being root')
  }
  return [...new Set(policies)]
}

const limits = (role: TokenRole): boolean =>
  [
    role.allowed_policies,
    role.allowed_policies_glob,
    role.disallowed_policies,
    role.disallowed_policies_glob,
  ].some((names) => names.length > 0)

function byMaker({ asked, held, isSudo }: PolicyRequest): string[] {
  const wanted = policyNames(asked)
  if (wanted.length === 0) return [...held]
  if (isSudo) return withDefault(wanted)
  if (!wanted.every((name) => held.includes(name))) {
    throw refuse(400, 'child policies must be subset of parent')
  }
  return held.includes(DEFAULT_POLICY) ? withDefault(wanted) : wanted
}

function byRole({ asked, held, noDefault }: PolicyRequest, role: TokenRole): string[] {
  const isDisallowed = (name: string): boolean =>
    shownPolicies([name]).some(
      (shown) =>
        role.disallowed_policies.includes(shown) ||
        role.disallowed_policies_glob.some((glob) => globMatches(glob, shown)),
    )
  const addsDefault = !noDefault && !role.token_no_default_policy && !isDisallowed(DEFAULT_POLICY)
  const withIt = (names: string[]) => (addsDefault ? withDefault(names) : names)
  const isLimited = role.allowed_policies.length > 0 || role.allowed_policies_glob.length > 0
  const wanted = policyNames(asked)
  const allowed = withIt([...role.allowed_policies])
  const policies = wanted.length > 0 ? withIt(wanted) : isLimited ? allowed : withIt([...held])
  for (const name of policies) {
    const [shown = ''] = shownPolicies([name])
    const isAllowed =
      allowed.includes(name) || role.allowed_policies_glob.some((glob) => globMatches(glob, shown))
    if (isLimited && !isAllowed) {
      throw refuse(400, `token policies must be subset of the role's allowed policies: ${shown}`)
    }
    if (isDisallowed(name)) throw refuse(400, `token policy "${shown}" is disallowed by this role`)
  }
  return policies
}

const withDefault = (names: readonly string[]): string[] =>
  names.some(isRootPolicy) ? [...names] : [...names, DEFAULT_POLICY]

/** `*` stands for anything, at the ends and within. */
function globMatches(glob: string, text: string): boolean {
  const pieces = glob.split('*')
  const [first = '', ...rest] = pieces
  const last = rest.pop()
  if (last === undefined) return glob === text
  if (!text.startsWith(first) || text.length < first.length + last.length) return false
  if (!text.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found === -1 || found + piece.length > text.length - last.length) return false
    at = found + piece.length
  }
  return true
}
