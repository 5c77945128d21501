import { CofferError } from '../../../../core/errors.ts'
import type { PathGuard } from '../route.ts'

/** Until policies can speak of Vault's own paths, administrators alone may use them. */
export const guardPath: PathGuard = async ({ path, operation }, { session, coffer }) => {
  const question = { actor: session.actor, action: 'admin', path: `store:${operation}` }
  if ((await coffer.access.test(question)).allowed) return
  throw new CofferError('denied', `${session.actor} may not use ${path}.`)
}
