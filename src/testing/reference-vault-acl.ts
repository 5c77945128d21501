/**
 * The sentences of HashiCorp Vault's documentation about the priority of policies, written down a
 * second time: slow, by regular expressions and pairwise comparison. It shares no code with the room
 * that decides, which must always agree with it.
 */
export interface ReferenceRule {
  readonly path: string
  readonly capabilities: readonly string[]
}

/** Capabilities at an address; `undefined` when no rule matches. */
export function referenceCapabilities(
  rules: readonly ReferenceRule[],
  address: string,
): string[] | undefined {
  const paths = [...new Set(rules.map(({ path }) => path))]
  const deciding = paths.includes(address) && !isWild(address) ? address : best(paths, address)
  if (deciding === undefined) return undefined
  const given = rules.filter(({ path }) => path === deciding).flatMap((rule) => rule.capabilities)
  return given.includes('deny') ? [] : [...new Set(given)].toSorted()
}

/** A `+` with nothing before or after it is no wildcard to Vault. */
const isWild = (path: string): boolean => path.endsWith('*') || /^\+\/|\/\+/.test(path)

function best(paths: readonly string[], address: string): string | undefined {
  const matching = paths.filter((path) => isWild(path) && regexOf(path).test(address))
  return matching.find((one) => matching.every((other) => one === other || isLower(other, one)))
}

function regexOf(path: string): RegExp {
  const isOpen = path.endsWith('*')
  const body = (isOpen ? path.slice(0, -1) : path)
    .split('/')
    .map((part) => (part === '+' ? '[^/]*' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${body}${isOpen ? '[^]*' : ''}$`)
}

/** "P1 has lower priority if …", in the order of the documentation. */
function isLower(p1: string, p2: string): boolean {
  const wildcards = (path: string): number[] => [
    ...[...path.matchAll(/(?<=^|\/)\+/g)].map(({ index }) => index),
    ...(path.endsWith('*') ? [path.length - 1] : []),
  ]
  const [first1, first2] = [Math.min(...wildcards(p1)), Math.min(...wildcards(p2))]
  if (first1 !== first2) return first1 < first2
  if (p1.endsWith('*') !== p2.endsWith('*')) return p1.endsWith('*')
  const plus = (path: string): number =>
    path.split('/').filter((part) => /^\+\*?$/.test(part)).length
  if (plus(p1) !== plus(p2)) return plus(p1) > plus(p2)
  if (p1.length !== p2.length) return p1.length < p2.length
  return p1 < p2
}
