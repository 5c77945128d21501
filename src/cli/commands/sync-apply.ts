import { confirmed } from '../confirm.ts'
import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { applyAll, exitOfRuns, runDocument, showRuns } from '../sync/applied.ts'
import { openSyncing } from '../sync/open.ts'
import {
  adoptionOf,
  checkAdopted,
  planAll,
  planDocument,
  showPlans,
  warningsOf,
} from '../sync/planned.ts'

export const handle: Handler<Sub<'sync', 'apply'>> = async ({ options }, session) => {
  const every = options.every ?? 300
  if (every < 0 || every > 86_400) throw usage('--every is from 0 to 86400 seconds.')
  const signal = session.world.interrupted()
  const syncing = await openSyncing(session, options, signal)
  try {
    const { isWork } = await import('../../compose/sync.ts')
    const planned = await planAll(syncing, adoptionOf(options))
    checkAdopted(planned, options.adopt)
    if (options.plan !== undefined) {
      const { checkKeptPlan } = await import('../sync/kept-plan.ts')
      checkKeptPlan(options.plan, syncing, planned)
    }
    if (!session.out.json && !options.watch) await showPlans(session, planned)
    else for (const warning of warningsOf(planned)) session.out.warn(warning)
    const isDue = planned.some(({ plan }) => plan !== undefined && isWork(plan))
    if (isDue) await confirmed(session, `Deliver this to ${syncing.env}?`, options.yes)
    const how = {
      keep: options.keep,
      allowEmpty: options['allow-empty'],
      progress: await session.out.progress('delivering'),
    }
    const runs = await applyAll(syncing, planned, how)
    if (options.watch) {
      const { keepInStep } = await import('../sync/watch.ts')
      return await keepInStep(session, syncing, { ...how, every, first: runs, signal })
    }
    const { env, owner } = syncing
    const document = { environment: env, owner, destinations: runDocument(runs) }
    await session.out.result(isDue ? document : { ...document, plan: planDocument(planned) }, () =>
      showRuns(session, runs, isDue),
    )
    return exitOfRuns(runs)
  } finally {
    await syncing.close()
  }
}
