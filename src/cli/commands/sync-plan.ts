import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { openSyncing } from '../sync/open.ts'
import {
  adoptionOf,
  checkAdopted,
  exitOf,
  planAll,
  planDocument,
  showPlans,
} from '../sync/planned.ts'

export const handle: Handler<Sub<'sync', 'plan'>> = async ({ options }, session) => {
  const syncing = await openSyncing(session, options, session.world.interrupted())
  try {
    const planned = await planAll(syncing, adoptionOf(options))
    checkAdopted(planned, options.adopt)
    if (options.out !== undefined) {
      const { keepPlan } = await import('../sync/kept-plan.ts')
      keepPlan(options.out, syncing, planned)
    }
    const { env, owner } = syncing
    await session.out.result({ environment: env, owner, destinations: planDocument(planned) }, () =>
      showPlans(session, planned),
    )
    return exitOf(planned)
  } finally {
    await syncing.close()
  }
}
