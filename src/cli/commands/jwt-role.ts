import type { TokenSettings } from '../../core/ports/identities.ts'
import { given, secondsOf } from '../credentials.ts'
import { usage } from '../parse.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

type Options = OptionsOf<Sub<'jwt', 'role'>>

export const handle: Handler<Sub<'jwt', 'role'>> = async (
  { options, args: [mount, name] },
  session,
) => {
  const audiences = given(options.audience)
  const claims = claimsOf(options.claim)
  const { identities } = await session.coffer()
  const role = await identities.putJwtRole({
    mount,
    name,
    ...(audiences === undefined ? {} : { boundAudiences: audiences }),
    ...(options.subject === undefined ? {} : { boundSubject: options.subject }),
    ...(claims === undefined ? {} : { boundClaims: claims }),
    ...(options.glob ? { boundClaimsType: 'glob' } : {}),
    ...(options['user-claim'] === undefined ? {} : { userClaim: options['user-claim'] }),
    token: settingsOf(options),
  })
  await session.out.result(role, () => session.out.note(`role ${name} of issuer ${mount} stored`))
}

function settingsOf(options: Options): Partial<TokenSettings> {
  const settings = {
    actor: options.actor,
    policies: given(options.policy),
    ttlSeconds: secondsOf(options.ttl, 'ttl'),
    maxTtlSeconds: secondsOf(options['max-ttl'], 'max-ttl'),
    uses: options.uses,
    boundCidrs: given(options.cidr),
  }
  const said = Object.entries(settings).filter(([, value]) => value !== undefined)
  return Object.fromEntries(said)
}

/** `NAME=TEXT`; a name that comes again has one more value. */
function claimsOf(pairs: readonly string[]): Record<string, string[]> | undefined {
  if (pairs.length === 0) return undefined
  const claims = new Map<string, string[]>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    if (at < 1) throw usage('--claim is written NAME=TEXT.')
    const name = pair.slice(0, at)
    claims.set(name, [...(claims.get(name) ?? []), pair.slice(at + 1)])
  }
  return Object.fromEntries(claims)
}
