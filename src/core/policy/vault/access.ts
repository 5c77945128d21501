import { CURRENT } from '../../label.ts'
import type { JsonValue } from '../../value.ts'
import type { Action, Policy } from '../policy.ts'
import type { Acl, Permissions } from './acl.ts'
import { compileAcl } from './acl.ts'
import type { Asked, Manner } from './addresses.ts'
import { askedFor, listedBelow } from './addresses.ts'
import type { SecretMount } from './mounts.ts'
import type { Capability, Parameters } from './parse.ts'
import { parseVaultPolicy } from './parse.ts'

/** An actor's policies in HashiCorp Vault's language, with what their addresses stand for. */
export interface VaultAccess {
  readonly acl: Acl
  readonly mounts: readonly SecretMount[]
  /**
   * What they say of an action on a secret. One that several mounts show is one secret: what is denied
   * by name at one of them is denied, whatever is allowed at another. Rules that look at a request's
   * parameters give no change here, where there are none to look at, and reading of what is not
   * `current` only if they leave the choice of a version. `labels` are those of the version that is
   * meant. Absent: nothing is said.
   */
  decide(
    action: Action,
    path: string,
    manner: Manner,
    labels?: readonly string[],
  ): VaultVerdict | undefined
  /** Beginnings of the paths of all secrets that `list` may be allowed of. */
  listStarts(): string[]
}

/** An answer, and the rule that it comes from. */
export interface VaultVerdict {
  readonly allowed: boolean
  readonly by: Permissions
}

/** Of those policies that are in this language. @throws CofferError `invalid_policy` */
export function compileVaultAccess(
  policies: readonly Policy[],
  mounts: readonly SecretMount[],
): VaultAccess {
  const acl = compileAcl(
    policies.flatMap(({ name, hcl }) =>
      hcl === undefined ? [] : [{ policy: name, rules: parseVaultPolicy(hcl) }],
    ),
  )
  return {
    acl,
    mounts,
    decide(action, path, manner, labels = [CURRENT]) {
      const namesVersion = action === 'read' && !labels.includes(CURRENT)
      let verdict: VaultVerdict | undefined
      for (const mount of mounts) {
        const here = verdictAt(acl, askedFor(mount, action, path, manner), namesVersion)
        if (here?.allowed === false) return here
        verdict ??= here
      }
      return verdict
    },
    listStarts: () =>
      acl
        .reach('list')
        .flatMap((start) => mounts.map((mount) => listedBelow(mount, start)))
        .filter((start) => start !== undefined),
  }
}

function verdictAt(
  acl: Acl,
  asked: readonly Asked[],
  namesVersion: boolean,
): VaultVerdict | undefined {
  let denied: VaultVerdict | undefined
  for (const { address, capability } of asked) {
    const found = capability === 'list' ? acl.findForList(address) : acl.find(address)
    if (found === undefined) continue
    if (found.denies) denied ??= { allowed: false, by: found }
    if (fits(found, capability, namesVersion) && found.capabilities.has(capability)) {
      return { allowed: true, by: found }
    }
  }
  return denied
}

/** The one parameter of a read is the version that is not `current`; lists are not looked at. */
function fits({ parameters }: Permissions, capability: Capability, namesVersion: boolean): boolean {
  if (parameters === undefined || capability === 'list') return true
  if (capability !== 'read' || parameters.required.length > 0) return false
  if (!namesVersion) return true
  const { allowed, denied } = parameters
  if (denied?.has('*') === true || denied?.has('version') === true) return false
  return allowed === undefined || (allowed.get('version') ?? allowed.get('*'))?.length === 0
}

/** Whether the members of a request are as a rule wants them. Source: "parameter constraints". */
export function parametersFit(
  { allowed, denied, required }: Parameters,
  given: Readonly<Record<string, JsonValue | undefined>>,
): boolean {
  const entries = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value] as const)
  if (!required.every((name) => entries.some(([key]) => key === name))) return false
  if (entries.length === 0) return true
  if (denied?.has('*') === true) return false
  if (entries.some(([name, value]) => isIn(denied?.get(name), value))) return false
  if (allowed === undefined) return true
  return entries.every(([name, value]) =>
    allowed.has(name) ? isIn(allowed.get(name), value) : allowed.has('*'),
  )
}

function isIn(values: readonly JsonValue[] | undefined, value: JsonValue | undefined): boolean {
  if (values === undefined) return false
  return values.length === 0 || values.some((one) => isSame(one, value))
}

/** Text may begin or end with `*`. */
function isSame(wanted: JsonValue, value: JsonValue | undefined): boolean {
  if (typeof wanted !== 'string' || typeof value !== 'string') {
    return JSON.stringify(wanted) === JSON.stringify(value)
  }
  const [open, close] = [wanted.startsWith('*'), wanted.length > 1 && wanted.endsWith('*')]
  const text = wanted.slice(open ? 1 : 0, close ? -1 : undefined)
  if (open && close) return value.includes(text)
  return open ? value.endsWith(text) : close ? value.startsWith(text) : value === text
}
