import { CofferError } from '../../core/errors.ts'
import { isKeyUrl } from '../../core/key-url.ts'
import { JWT_ALGORITHMS } from '../../core/jwt-algorithms.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  JwtIssuer,
  JwtRole,
  JwtRoleInput,
  TokenSettings,
} from '../../core/ports/identities.ts'
import type { JsonValue } from '../../core/value.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import { checkDisplayName, checkMetadata, checkMount, checkRoleName } from './checks.ts'
import { definedOnly, PLAIN_TOKENS } from './token-settings.ts'

/** @throws `invalid_argument` */
export function checkedIssuer(input: JwtIssuer): JwtIssuer {
  const { discoveryUrl, jwksUrl, publicKeys, caPem, boundIssuer, defaultRole } = input
  const sources = [discoveryUrl, jwksUrl, publicKeys].filter((source) => source !== undefined)
  if (sources.length !== 1) {
    throw refuse('An issuer has one source of keys: discoveryUrl, jwksUrl or publicKeys.')
  }
  return {
    mount: checkMount(input.mount),
    discoveryUrl: discoveryUrl === undefined ? undefined : checkUrl('discoveryUrl', discoveryUrl),
    jwksUrl: jwksUrl === undefined ? undefined : checkUrl('jwksUrl', jwksUrl),
    publicKeys:
      publicKeys && list('publicKeys', publicKeys, LIMITS.jwtPublicKeysMax, 1).map(checkPublicKey),
    caPem: caPem === undefined ? undefined : checkPem('caPem', caPem, 'CERTIFICATE'),
    boundIssuer: boundIssuer === undefined ? undefined : text('boundIssuer', boundIssuer),
    algorithms: input.algorithms && list('algorithms', input.algorithms, 32, 1).map(checkAlgorithm),
    defaultRole: defaultRole === undefined ? undefined : checkRoleName(defaultRole),
  }
}

export const newJwtRole = (mount: string, name: string): JwtRole => ({
  mount,
  name,
  boundAudiences: [],
  boundClaims: {},
  boundClaimsType: 'string',
  userClaim: 'sub',
  claimMappings: {},
  clockSkewSeconds: 0,
  expirationLeewaySeconds: 0,
  notBeforeLeewaySeconds: 0,
  token: PLAIN_TOKENS,
})

/** What is not given stays. @throws `invalid_argument` */
export function changedJwtRole(
  before: JwtRole,
  { token: _token, unknownPolicies: _unknown, ...input }: JwtRoleInput,
  token: TokenSettings,
): JwtRole {
  const asked = { ...before, ...definedOnly(input) }
  const seconds = (name: 'clockSkew' | 'expirationLeeway' | 'notBeforeLeeway') => {
    const value = asked[`${name}Seconds`]
    return value < 0 ? -1 : wholeNumber(`${name}Seconds`, value, 0, LIMITS.tokenTtlSecondsMax)
  }
  if (asked.boundClaimsType !== 'string' && asked.boundClaimsType !== 'glob') {
    throw refuse('boundClaimsType is string or glob.')
  }
  const role: JwtRole = {
    mount: before.mount,
    name: before.name,
    boundAudiences: list('boundAudiences', asked.boundAudiences, LIMITS.jwtBoundValuesMax).map(
      (audience) => text('boundAudiences', audience),
    ),
    boundSubject:
      asked.boundSubject === undefined ? undefined : text('boundSubject', asked.boundSubject),
    boundClaims: checkBoundClaims(asked.boundClaims),
    boundClaimsType: asked.boundClaimsType,
    userClaim: checkDisplayName('userClaim', asked.userClaim),
    claimMappings: checkMetadata(asked.claimMappings),
    clockSkewSeconds: seconds('clockSkew'),
    expirationLeewaySeconds: seconds('expirationLeeway'),
    notBeforeLeewaySeconds: seconds('notBeforeLeeway'),
    token,
  }
  const isBound =
    role.boundAudiences.length > 0 ||
    role.boundSubject !== undefined ||
    Object.keys(role.boundClaims).length > 0 ||
    token.boundCidrs.length > 0
  if (!isBound) {
    throw refuse('A role must bind something: audiences, a subject, claims or addresses.')
  }
  return role
}

function checkBoundClaims(input: unknown): Record<string, JsonValue> {
  const entries = typeof input === 'object' && input !== null ? Object.entries(input) : undefined
  if (entries === undefined || entries.length > LIMITS.jwtBoundClaimsMax) {
    throw refuse(`boundClaims are at most ${LIMITS.jwtBoundClaimsMax} claims with their values.`)
  }
  for (const [, value] of entries) {
    const values = Array.isArray(value) ? value : [value]
    const fit = values.length > 0 && values.length <= LIMITS.jwtBoundValuesMax
    if (!fit || !values.every((one) => SCALARS.has(typeof one))) {
      throw refuse('A bound claim has a text, number or truth value, or a list of them.')
    }
  }
  return Object.fromEntries(entries)
}

const SCALARS: ReadonlySet<string> = new Set(['string', 'number', 'boolean'])

function checkUrl(what: string, input: string): string {
  if (isKeyUrl(input)) return text(what, input)
  throw refuse(`${what} is an https address without a password in it.`)
}

function checkPublicKey(input: unknown): string {
  return checkPem('publicKeys', input, 'PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE')
}

function checkPem(what: string, input: unknown, ...kinds: string[]): string {
  const pem = text(what, input)
  if (kinds.some((kind) => pem.includes(`-----BEGIN ${kind}-----`))) return pem
  throw refuse(`${what} is PEM: ${kinds.join(', ')}.`)
}

function checkAlgorithm(input: unknown): string {
  const found = JWT_ALGORITHMS.find((known) => known === input)
  if (found !== undefined) return found
  throw refuse(`The algorithms are ${JWT_ALGORITHMS.join(', ')}.`)
}

function list<T>(what: string, input: readonly T[], max: number, min = 0): readonly T[] {
  if (Array.isArray(input) && input.length >= min && input.length <= max) return input
  throw refuse(`${what} is a list of ${min} to ${max}.`)
}

function text(what: string, input: unknown): string {
  if (typeof input === 'string' && input !== '' && input.isWellFormed()) {
    if (input.length <= LIMITS.settingBytesMax) return input
  }
  throw refuse(`${what} is text.`)
}

const refuse = (why: string) => new CofferError('invalid_argument', why)
