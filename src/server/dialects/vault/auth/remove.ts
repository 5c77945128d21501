import { isCofferError } from '../../../../core/errors.ts'
import { everyItem } from '../../../../core/paging.ts'
import type { VaultContext } from '../route.ts'

/** All that an auth method of this mount knows, and the tokens that were logged in by it. */
export async function removeIdentities(context: VaultContext, mount: string): Promise<void> {
  const { identities } = (await context.caller()).coffer
  for (const { name } of await identities.appRoles(mount)) {
    await unlessGone(identities.deleteAppRole(mount, name))
  }
  for (const { name } of await identities.jwtRoles(mount)) {
    await unlessGone(identities.deleteJwtRole(mount, name))
  }
  if ((await identities.jwtIssuer(mount)) !== undefined) {
    await unlessGone(identities.deleteJwtIssuer(mount))
  }
  await revokeTokens(context, (path) => path === `auth/${mount}/login`)
}

/** Tokens by the way they were made; but for the one that asks, since the work would end with it. */
export async function revokeTokens(
  context: VaultContext,
  isMeant: (path: string) => boolean,
): Promise<void> {
  const { coffer, session } = await context.caller()
  const { identities } = coffer
  for (const { accessor, path } of await everyItem((page) => identities.tokens(page))) {
    if (!isMeant(path) || accessor === session.token?.accessor) continue
    await unlessGone(identities.revokeToken({ accessor }))
  }
}

/** Somebody else may be faster. */
async function unlessGone(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
}
