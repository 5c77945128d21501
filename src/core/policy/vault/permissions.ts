import type { Moment } from '../conditions.ts'
import type { CompiledAccess } from '../decide.ts'
import { decide } from '../decide.ts'
import { listRanges } from '../ranges.ts'
import { actionsAt } from './addresses.ts'
import type { SecretMount } from './mounts.ts'
import type { Capability, Parameters } from './parse.ts'
import { CAPABILITIES } from './parse.ts'

/** What an actor may do at an address of the Vault dialect, by all of its policies. */
export interface AddressPermissions {
  /** It may administer every kind of thing. */
  readonly isRoot: boolean
  readonly capabilities: ReadonlySet<Capability>
  /** What a request must look like, where capabilities come with conditions. */
  readonly parameters?: Parameters | undefined
}

/** Who may administer all of these is in the Vault dialect what a holder of `root` is in Vault. */
const ROOT_OF = [
  'store:vault',
  'policy:root',
  'role:root',
  'actor:vault:root',
  'token:root',
  'access-key:root',
  'approle:vault/root',
  'jwt:vault/root',
  'setting:vault/root',
]

/**
 * Ordinary policies speak of secrets, and are asked about those that an address stands for; a deny of
 * theirs takes away what policies in Vault's language give. A list is allowed where anything that lies
 * below could be shown; what is asked `asList` finds rules without a final slash too.
 */
export function permissionsAt(
  access: CompiledAccess,
  mounts: readonly SecretMount[],
  address: string,
  moment: Moment,
  asList: boolean,
): AddressPermissions {
  const isRoot = ROOT_OF.every(
    (path) => decide(access, { action: 'admin', path, at: moment.at }).allowed,
  )
  if (isRoot) return { isRoot, capabilities: new Set(CAPABILITIES) }
  const acl = access.vault?.acl
  const found = asList ? acl?.findForList(address) : acl?.find(address)
  const capabilities = new Set(found?.capabilities)
  const gained = applyRules({ ...access, vault: undefined }, mounts, address, moment, capabilities)
  return { isRoot, capabilities, parameters: gained ? undefined : found?.parameters }
}

/** Whether ordinary policies gave something. */
function applyRules(
  access: CompiledAccess,
  mounts: readonly SecretMount[],
  address: string,
  moment: Moment,
  capabilities: Set<Capability>,
): boolean {
  const meant = actionsAt(mounts, address)
  let gained = false
  for (const [capability, action] of meant?.actions ?? []) {
    const path = meant?.path ?? ''
    const decision = decide(access, { action, path, ...moment })
    const shows = action === 'list' && listRanges(access, 'list', path, moment.at).length > 0
    if (decision.allowed || shows) {
      capabilities.add(capability)
      gained = true
    } else if (decision.why === 'deny') {
      capabilities.delete(capability)
    }
  }
  return gained
}
