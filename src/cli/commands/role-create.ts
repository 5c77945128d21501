import { CofferError } from '../../core/errors.ts'
import { given, refuseNobody, secondsOf, shownEnd } from '../credentials.ts'
import { iso } from '../records.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { isOpenToVault, notOpenToVault } from '../vault-method.ts'

const MOUNT = 'approle'

export const handle: Handler<Sub<'role', 'create'>> = async (
  { options, args: [name] },
  session,
) => {
  refuseNobody(options)
  const mount = options.mount ?? MOUNT
  const coffer = await session.coffer()
  const { identities } = coffer
  if ((await identities.appRole(mount, name)) !== undefined) {
    throw new CofferError('already_exists', `There is a login role ${name} already.`, {
      remedy: `Make one more secret id of it with \`coffer role secret-id ${name}\`.`,
    })
  }
  const role = await identities.putAppRole({
    mount,
    name,
    secretIdTtlSeconds: secondsOf(options['secret-id-ttl'], 'secret-id-ttl') ?? 0,
    secretIdUses: options['secret-id-uses'] ?? 0,
    secretIdBoundCidrs: options['secret-id-cidr'],
    token: {
      ...(options.actor === undefined ? {} : { actor: options.actor }),
      policies: options.policy,
      ttlSeconds: secondsOf(options.ttl, 'ttl') ?? 0,
      maxTtlSeconds: secondsOf(options['max-ttl'], 'max-ttl') ?? 0,
      uses: options.uses ?? 0,
      boundCidrs: given(options.cidr) ?? [],
    },
  })
  const { secretId, record } = await identities.createSecretId(mount, name)
  const vault = await isOpenToVault(coffer, mount, MOUNT)
  const document = {
    name,
    mount,
    roleId: role.roleId,
    secretId: secretId.reveal(),
    secretIdAccessor: record.accessor,
    secretIdExpiresAt: iso(record.expiresAt),
    secretIdUses: record.usesLeft === 0 ? undefined : record.usesLeft,
    policies: role.token.policies,
    actor: role.token.actor,
    vault,
  }
  await session.out.result(document, () => {
    session.out.line(`role_id   ${role.roleId}`)
    session.out.line(`secret_id ${secretId.reveal()}`)
    session.out.note(`login role ${name} made; its secret id expires ${shownEnd(record.expiresAt)}`)
    if (!vault) session.out.note(notOpenToVault(mount))
  })
}
