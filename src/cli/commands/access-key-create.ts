import {
  accessKeyJson,
  given,
  refuseNobody,
  rightsOf,
  secondsOf,
  shownEnd,
} from '../credentials.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'access-key', 'create'>> = async ({ options }, session) => {
  refuseNobody(options)
  const { identities } = await session.coffer()
  const { record, secretAccessKey } = await identities.createAccessKey({
    actor: options.actor,
    policies: given(options.policy),
    roles: given(options.role),
    ttlSeconds: secondsOf(options.ttl, 'ttl'),
    displayName: options.name,
  })
  const { accessKeyId, ...rest } = accessKeyJson(record)
  const document = { accessKeyId, secretAccessKey: secretAccessKey.reveal(), ...rest }
  await session.out.result(document, () => {
    session.out.line(`export AWS_ACCESS_KEY_ID=${record.id}`)
    session.out.line(`export AWS_SECRET_ACCESS_KEY=${secretAccessKey.reveal()}`)
    session.out.note(`may ${rightsOf(record) || 'nothing'}; expires ${shownEnd(record.expiresAt)}`)
  })
}
