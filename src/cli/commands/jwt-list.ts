import type { JwtIssuer, JwtRole } from '../../core/ports/identities.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'jwt', 'list'>> = async (_input, session) => {
  const { identities } = await session.coffer()
  const issuers = await Promise.all(
    (await identities.jwtIssuers()).map(async (issuer) => ({
      ...issuer,
      roles: await identities.jwtRoles(issuer.mount),
    })),
  )
  const rows = issuers.flatMap((issuer): Row[] =>
    issuer.roles.length === 0
      ? [{ issuer, role: undefined }]
      : issuer.roles.map((role) => ({ issuer, role })),
  )
  await session.out.result({ issuers }, async () => {
    await session.out.table(rows, [
      { title: 'MOUNT', cell: ({ issuer }) => issuer.mount },
      { title: 'KEYS', cell: ({ issuer }) => keysOf(issuer) },
      { title: 'ROLE', cell: ({ role }) => role?.name },
      { title: 'BOUND', cell: ({ role }) => role && boundOf(role) },
      { title: 'MAY', cell: ({ role }) => role?.token.policies.join(', ') },
    ])
    if (rows.length === 0) session.out.note('No issuer of JWTs is trusted.')
  })
}

interface Row {
  readonly issuer: JwtIssuer
  readonly role: JwtRole | undefined
}

const keysOf = ({ discoveryUrl, jwksUrl, publicKeys = [] }: JwtIssuer): string =>
  discoveryUrl ?? jwksUrl ?? `${publicKeys.length} public keys`

const boundOf = ({ boundAudiences, boundSubject, boundClaims, token }: JwtRole): string =>
  [
    ...boundAudiences.map((audience) => `aud=${audience}`),
    ...(boundSubject === undefined ? [] : [`sub=${boundSubject}`]),
    ...Object.entries(boundClaims).map(
      ([name, value]) => `${name}=${[value].flat().map(String).join('|')}`,
    ),
    ...token.boundCidrs,
  ].join(' ')
