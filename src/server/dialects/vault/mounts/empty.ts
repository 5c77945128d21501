import { isCofferError } from '../../../../core/errors.ts'
import { LIMITS } from '../../../../core/limits.ts'
import type { Coffer } from '../../../../core/ports/coffer.ts'
import { isMadeHere } from '../kv/config.ts'
import type { Mount, VaultContext } from '../route.ts'

/**
 * Destroys what clients of Vault made below a mount that is to go, as they expect of unmounting. What
 * other surfaces made stays, and so does all of a mount without a prefix: that is the whole store.
 * Returns how many secrets stay because something refuses it: a resource policy. Repeated after a
 * failure, it goes on.
 */
export async function emptyMount(context: VaultContext, { prefix }: Mount): Promise<number> {
  if (prefix === '') return 0
  const { coffer } = await context.caller()
  let kept = 0
  for (let cursor: string | undefined; ;) {
    const page = await coffer.list({ prefix, deleted: true, limit: LIMITS.pageSizeMax, cursor })
    const ours = page.items.filter(isMadeHere)
    for (let i = 0; i < ours.length; i += AT_ONCE) {
      const some = ours.slice(i, i + AT_ONCE)
      const gone = await Promise.all(some.map(({ path }) => isPurged(coffer, path)))
      kept += gone.filter((isGone) => !isGone).length
    }
    cursor = page.cursor
    if (cursor === undefined) return kept
  }
}

/** Their events share a flush. */
const AT_ONCE = 16

async function isPurged(coffer: Coffer, path: string): Promise<boolean> {
  try {
    await coffer.purge(path)
    return true
  } catch (error) {
    if (isCofferError(error, 'not_found')) return true
    if (isCofferError(error, 'denied')) return false
    throw error
  }
}
