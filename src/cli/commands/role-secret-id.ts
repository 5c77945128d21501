import { given, secondsOf, shownEnd } from '../credentials.ts'
import { iso } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'role', 'secret-id'>> = async (
  { options, args: [name] },
  session,
) => {
  const mount = options.mount ?? 'approle'
  const { identities } = await session.coffer()
  const { secretId, record } = await identities.createSecretId(mount, name, {
    ttlSeconds: secondsOf(options.ttl, 'ttl'),
    uses: options.uses,
    cidrs: given(options.cidr),
  })
  const document = {
    name,
    mount,
    secretId: secretId.reveal(),
    secretIdAccessor: record.accessor,
    secretIdExpiresAt: iso(record.expiresAt),
    secretIdUses: record.usesLeft === 0 ? undefined : record.usesLeft,
  }
  await session.out.result(document, () => {
    session.out.line(secretId.reveal())
    session.out.note(`accessor ${record.accessor}; expires ${shownEnd(record.expiresAt)}`)
  })
}
