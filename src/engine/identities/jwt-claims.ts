import type { JwtRole, VerifiedJwt } from '../../core/ports/identities.ts'
import type { JsonValue } from '../../core/value.ts'

type Claims = VerifiedJwt['claims']

/**
 * Why the claims of a verified JWT do not fit a role now; `undefined` when they do. In words of our
 * own, without anything of the token.
 */
export function refusalOfClaims(
  { claims, issuer }: VerifiedJwt,
  role: JwtRole,
  boundIssuer: string | undefined,
  nowMs: number,
): string | undefined {
  if (!isInTime(claims, role, nowMs / 1_000)) return 'not valid now'
  for (const expected of [boundIssuer, issuer]) {
    if (expected !== undefined && claims['iss'] !== expected) return 'another issuer'
  }
  if (role.boundSubject !== undefined && claims['sub'] !== role.boundSubject) {
    return 'another subject'
  }
  if (!isForUs(claims['aud'], role.boundAudiences)) return 'another audience'
  for (const [name, expected] of Object.entries(role.boundClaims)) {
    if (!isBound(claimAt(claims, name), expected, role.boundClaimsType))
      return 'a bound claim differs'
  }
  return undefined
}

/** `name`, or `/a/b` (JSON Pointer, RFC 6901). */
export function claimAt(claims: Claims, name: string): JsonValue | undefined {
  if (!name.startsWith('/')) return Object.hasOwn(claims, name) ? claims[name] : undefined
  let at: JsonValue | undefined = claims
  for (const part of name.slice(1).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as Readonly<Record<string, JsonValue>>)[key]
  }
  return at
}

/** As text, for a name or for metadata; what is no text, number or truth value is its JSON. */
export const claimText = (value: JsonValue): string =>
  typeof value === 'string' ? value : JSON.stringify(value)

const SKEW_SECONDS = 60
const LEEWAY_SECONDS = 150

/** As Vault has it: what is absent is filled in from what is there; all absent is refused. */
function isInTime(claims: Claims, role: JwtRole, now: number): boolean {
  const given = { iat: claims['iat'], nbf: claims['nbf'], exp: claims['exp'] }
  if (!Object.values(given).every((t) => t === undefined || isInstant(t))) return false
  const { iat, exp: expires, nbf: begins } = given as Record<string, number | undefined>
  const skew = orDefault(role.clockSkewSeconds, SKEW_SECONDS)
  const known = expires ?? begins ?? iat
  if (known === undefined) return false
  const nbf = begins ?? iat ?? known - orDefault(role.notBeforeLeewaySeconds, LEEWAY_SECONDS)
  const exp =
    expires ?? Math.max(iat ?? nbf, nbf) + orDefault(role.expirationLeewaySeconds, LEEWAY_SECONDS)
  return now < exp + skew && now >= nbf - skew && (iat === undefined || iat <= now + skew)
}

const isInstant = (value: JsonValue): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= 0

const orDefault = (seconds: number, usual: number): number =>
  seconds === 0 ? usual : Math.max(seconds, 0)

/** A token that says for whom it is must be for us; one for anybody is for us only if we name nobody. */
function isForUs(audience: JsonValue | undefined, bound: readonly string[]): boolean {
  const given = listOf(audience)
  return given.length === 0 && bound.length === 0
    ? true
    : given.some((one) => typeof one === 'string' && bound.includes(one))
}

function isBound(
  actual: JsonValue | undefined,
  expected: JsonValue,
  type: JwtRole['boundClaimsType'],
): boolean {
  const fits = type === 'glob' ? fitsGlob : (one: JsonValue, wanted: JsonValue) => one === wanted
  return listOf(actual).some((one) => listOf(expected).some((wanted) => fits(one, wanted)))
}

function fitsGlob(one: JsonValue, wanted: JsonValue): boolean {
  if (typeof one !== 'string' || typeof wanted !== 'string') return one === wanted
  const [first = '', ...rest] = wanted.split('*')
  const last = rest.pop()
  if (last === undefined) return one === first
  if (one.length < first.length + last.length) return false
  if (!one.startsWith(first) || !one.endsWith(last)) return false
  let at = first.length
  for (const piece of rest) {
    const found = one.indexOf(piece, at)
    if (found === -1) return false
    at = found + piece.length
  }
  return at <= one.length - last.length
}

const listOf = (value: JsonValue | undefined): readonly JsonValue[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]
