import { loginFile, readLogin } from '../../client/kept-login.ts'
import { closing } from '../../core/closing.ts'
import { isCofferError } from '../../core/errors.ts'
import { forgetLogin } from '../logins.ts'
import { usage } from '../parse.ts'
import { connectTo } from '../remote.ts'
import type { ServerPlace } from '../remote.ts'
import type { Handler } from '../spec.ts'
import type { logout } from '../specs/login.ts'

export const handle: Handler<typeof logout> = async ({ options }, session) => {
  const place = await session.serverPlace()
  if (place === undefined)
    throw usage('No server is named.', 'Give its address with --address, or in COFFER_ADDR.')
  const { address, caFile, allowHttp } = place
  const file = loginFile(session.world.env, address)
  const token = await readLogin(file)
  const revoked =
    options.revoke && token !== undefined && (await revoke({ address, caFile, allowHttp, token }))
  const forgotten = forgetLogin(file)
  await session.out.result({ forgotten, revoked }, () =>
    session.out.note(
      forgotten
        ? `The token is forgotten${revoked ? ' and revoked' : ''}.`
        : 'There was no token to forget.',
    ),
  )
}

/** Whether it was still good. */
async function revoke(place: ServerPlace): Promise<boolean> {
  try {
    await closing(await connectTo(place), ({ identities }) =>
      identities.revokeToken({ self: true }),
    )
    return true
  } catch (error) {
    if (isCofferError(error, 'unauthenticated')) return false
    throw error
  }
}
