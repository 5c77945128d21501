import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type {
  CreatedToken,
  Identities,
  JwtIssuer,
  JwtRole,
  JwtVerifier,
  Presented,
  VerifiedJwt,
} from '../../core/ports/identities.ts'
import { auditFailure } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { transact } from '../transaction.ts'
import { checkMetadata, checkMount } from './checks.ts'
import { claimAt, claimText, refusalOfClaims } from './jwt-claims.ts'
import { mayComeFrom } from './live-token.ts'
import { hashOf, newAccessor } from './made.ts'
import { ROWS } from './rows.ts'
import type { Find } from './rows.ts'
import { bearerOfRole, loginToken } from './token-settings.ts'

type Login = Parameters<Identities['loginJwt']>[0]

/**
 * A token for a JWT of an issuer that is trusted. Whatever is wrong, the answer is the same; the
 * audit log has a little more.
 * @throws `unauthenticated`, `unavailable` when the issuer's keys cannot be had
 */
export async function loginJwt(
  context: EngineContext,
  verify: JwtVerifier['verify'],
  input: Login,
  { address, via, request }: Presented,
): Promise<CreatedToken> {
  const mount = checkMount(input.mount)
  const attempt = { action: 'login', resource: `jwt:${mount}` } as const
  let origin: Origin = { actor: 'unknown:jwt', address, via, request }
  let verified: VerifiedJwt
  try {
    const { issuer, role } = await trusted(context.credentials, mount, input.role)
    if (typeof input.jwt !== 'string' || input.jwt.length > LIMITS.jwtCharsMax) throw refused()
    verified = await verify(input.jwt, issuer)
    origin = { ...origin, actor: actorOf(mount, role, verified) }
    refuseUnfit(verified, issuer, role, context.clock(), address)
  } catch (error) {
    await auditFailure(context, origin, attempt, error)
    throw isCofferError(error, 'unauthenticated') ? refused() : error
  }
  return transact(context, origin, attempt, async (tx) => {
    const find: Find = (name) => tx.named('credential', name)
    const { issuer, role } = await trusted(find, mount, input.role)
    refuseUnfit(verified, issuer, role, tx.now, address)
    const { actor } = origin
    const accessor = newAccessor(context.random)
    const reason = `token ${accessor}`
    const resource = `jwt:${mount}/${role.name}`
    const generation = await tx.record({ ...attempt, resource, reason })
    return loginToken(context, tx, generation, role.token, {
      ...bearerOfRole(role.token, actor),
      accessor,
      displayName: actor.slice(0, LIMITS.credentialNameCharsMax).toWellFormed(),
      path: `auth/${mount}/login`,
      metadata: metadataOf(role, verified),
      boundCidrs: role.token.boundCidrs,
    })
  })
}

const refused = () => new CofferError('unauthenticated', 'The JWT is not valid for this role.')

/** @throws `unauthenticated` */
async function trusted(
  find: Find,
  mount: string,
  asked: string | undefined,
): Promise<{ issuer: JwtIssuer; role: JwtRole }> {
  const issuer = await find<JwtIssuer>(ROWS.jwtIssuer(mount))
  const name = asked ?? issuer?.defaultRole
  if (issuer === undefined || typeof name !== 'string') throw refused()
  if (name.length > LIMITS.credentialNameCharsMax) throw refused()
  const role = await find<JwtRole>(ROWS.jwtRole(mount, name))
  if (role === undefined) throw refused()
  return { issuer, role }
}

/** @throws `unauthenticated` */
function refuseUnfit(
  verified: VerifiedJwt,
  issuer: JwtIssuer,
  role: JwtRole,
  now: number,
  address: string | undefined,
): void {
  const why = refusalOfClaims(verified, role, issuer.boundIssuer, now)
  if (why !== undefined || !mayComeFrom(role.token.boundCidrs, address)) throw refused()
}

/** `jwt:gitlab/project_path:a/b`: the claim that names the user, fit to be an actor. */
function actorOf(mount: string, role: JwtRole, { claims }: VerifiedJwt): string {
  const claim = claimAt(claims, role.userClaim)
  if ((typeof claim !== 'string' && typeof claim !== 'number') || claim === '') throw refused()
  const name = claimText(claim)
    .toWellFormed()
    .replaceAll(UNFIT, (found) => encodeURIComponent(found))
  const actor = `jwt:${mount}/${name}`
  if (actor.length <= LIMITS.actorCharsMax) return actor
  const end = `~${hashOf(name).slice(0, 16)}`
  return `${actor.slice(0, LIMITS.actorCharsMax - end.length).toWellFormed()}${end}`
}

const UNFIT = /[%\s\p{C}]/gu

/** @throws `invalid_argument` for claims longer than metadata may be */
function metadataOf(role: JwtRole, { claims }: VerifiedJwt): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [claim, name] of Object.entries(role.claimMappings)) {
    const value = claimAt(claims, claim)
    if (value !== undefined && value !== null) metadata[name] = claimText(value)
  }
  // No claim stands in for the role: it is what the token lives on by.
  return checkMetadata({ ...metadata, role: role.name })
}
