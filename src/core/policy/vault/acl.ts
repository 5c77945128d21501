import type { Capability, Parameters, VaultRule } from './parse.ts'

/** Policies in HashiCorp Vault's language, taken together as one actor has them. */
export interface Acl {
  /** What is said of an address; absent: nothing is. */
  find(address: string): Permissions | undefined
  /** The same for a list, whose address ends in a slash: without it first, as Vault looks. */
  findForList(address: string): Permissions | undefined
  /** What every address that is given `capability` begins with, for each rule that gives it. */
  reach(capability: Capability): readonly string[]
}

/** What all rules on one and the same path give together. */
export interface Permissions {
  /** As written; for people. */
  readonly path: string
  /** Of the policy that first spoke of it. */
  readonly policy: string
  readonly denies: boolean
  readonly capabilities: ReadonlySet<Capability>
  readonly parameters: Parameters | undefined
}

export interface NamedRules {
  readonly policy: string
  readonly rules: readonly VaultRule[]
}

/**
 * HashiCorp Vault's rules of priority. The rules on the very path that is asked for decide alone; with
 * none, the most specific of those that match with a final `*` (the rest of the address, slashes
 * included) or a segment `+` (any one segment). Lower is, in this order: the earlier first wildcard; ending
 * in `*`; more `+`; the shorter; the smaller text. Rules on the same path are joined, and among them
 * a denial is all that counts.
 * Source: "Policies" of its documentation, "priority matching".
 */
export function compileAcl(policies: readonly NamedRules[]): Acl {
  const byPath = new Map<string, Permissions>()
  for (const { policy, rules } of policies) {
    for (const rule of rules) {
      byPath.set(rule.path, joined(byPath.get(rule.path), policy, rule))
    }
  }
  const wild = [...byPath.values()]
    .filter(({ path }) => isWild(path))
    .map(wildcardOf)
    .toSorted(compareWildcards)
  const exact = (address: string): Permissions | undefined => {
    const found = byPath.get(address)
    return found === undefined || isWild(found.path) ? undefined : found
  }
  const matching = (address: string): Permissions | undefined => {
    let parts: readonly string[] | undefined
    return wild.find((one) =>
      one.segments === undefined
        ? address.startsWith(one.text)
        : segmentsMatch(one.segments, one.isPrefix, (parts ??= address.split('/'))),
    )?.permissions
  }
  return {
    find: (address) => exact(address) ?? matching(address),
    findForList(address) {
      const open = address.endsWith('/') ? address.slice(0, -1) : address
      return exact(address) ?? exact(open) ?? matching(open) ?? matching(address)
    },
    reach: (capability) =>
      [...byPath.values()]
        .filter(({ capabilities }) => capabilities.has(capability))
        .map(({ path }) => path.slice(0, firstWildcard(path))),
  }
}

function joined(before: Permissions | undefined, policy: string, rule: VaultRule): Permissions {
  const denies = rule.capabilities === 'deny' || before?.denies === true
  const given = rule.capabilities === 'deny' || rule.wantsWrapping ? [] : rule.capabilities
  return {
    path: rule.path,
    policy: before?.policy ?? policy,
    denies,
    capabilities: new Set(denies ? [] : [...(before?.capabilities ?? []), ...given]),
    parameters: joinedParameters(before?.parameters, rule.parameters),
  }
}

function joinedParameters(
  a: Parameters | undefined,
  b: Parameters | undefined,
): Parameters | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return {
    allowed: joinedValues(a.allowed, b.allowed),
    denied: joinedValues(a.denied, b.denied),
    required: [...new Set([...a.required, ...b.required])],
  }
}

type Values = NonNullable<Parameters['allowed']>

/** Of a name in both, any value where one of them says any, else those of both. */
function joinedValues(a: Values | undefined, b: Values | undefined): Values | undefined {
  if (a === undefined || b === undefined) return a ?? b
  const all = new Map(a)
  for (const [name, values] of b) {
    const others = all.get(name)
    const isAny = values.length === 0 || others?.length === 0
    all.set(name, isAny ? [] : [...(others ?? []), ...values])
  }
  return all
}

interface Wildcard {
  readonly permissions: Permissions
  /** Without the final `*`. */
  readonly text: string
  readonly isPrefix: boolean
  /** Absent without `+`. */
  readonly segments: readonly string[] | undefined
  readonly firstWildcard: number
  readonly plusSegments: number
}

const hasPlus = (path: string): boolean => path.startsWith('+/') || path.includes('/+')
const isWild = (path: string): boolean => path.endsWith('*') || hasPlus(path)

function wildcardOf(permissions: Permissions): Wildcard {
  const { path } = permissions
  const isPrefix = path.endsWith('*')
  const text = isPrefix ? path.slice(0, -1) : path
  const segments = hasPlus(path) ? text.split('/') : undefined
  return {
    permissions,
    text,
    isPrefix,
    segments,
    firstWildcard: firstWildcard(path),
    plusSegments: segments?.filter((segment) => segment === '+').length ?? 0,
  }
}

/** Where the first `+` or the final `*` stands; the length where there is neither. */
function firstWildcard(path: string): number {
  if (hasPlus(path)) return path.indexOf('+')
  return path.endsWith('*') ? path.length - 1 : path.length
}

/** The most specific first. */
function compareWildcards(a: Wildcard, b: Wildcard): number {
  if (a.firstWildcard !== b.firstWildcard) return b.firstWildcard - a.firstWildcard
  if (a.isPrefix !== b.isPrefix) return a.isPrefix ? 1 : -1
  if (a.plusSegments !== b.plusSegments) return a.plusSegments - b.plusSegments
  if (a.text.length !== b.text.length) return b.text.length - a.text.length
  return a.text === b.text ? 0 : a.text > b.text ? -1 : 1
}

function segmentsMatch(
  segments: readonly string[],
  isPrefix: boolean,
  parts: readonly string[],
): boolean {
  if (isPrefix ? parts.length < segments.length : parts.length !== segments.length) return false
  const last = segments.length - 1
  return segments.every((segment, i) => {
    const part = parts[i] ?? ''
    if (segment === '+' || segment === part) return true
    return isPrefix && i === last && part.startsWith(segment)
  })
}
