import { given, noteToken, refuseNobody, secondsOf, tokenJson } from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'token', 'create'>> = async ({ options }, session) => {
  refuseNobody(options)
  const { identities } = await session.coffer()
  const { token, record } = await identities.createToken({
    actor: options.actor,
    policies: given(options.policy),
    roles: given(options.role),
    ttlSeconds: secondsOf(options.ttl, 'ttl'),
    maxTtlSeconds: secondsOf(options['max-ttl'], 'max-ttl'),
    periodSeconds: secondsOf(options.period, 'period'),
    uses: options.uses,
    boundCidrs: given(options.cidr),
    displayName: options.name,
    orphan: options.orphan,
  })
  await session.out.result({ token: token.reveal(), ...tokenJson(record) }, () => {
    session.out.line(token.reveal())
    noteToken(session, record)
  })
}
