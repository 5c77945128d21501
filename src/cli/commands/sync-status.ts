import { describeError, ERRORS } from '../../core/errors.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'
import { openSyncing } from '../sync/open.ts'
import { planAll } from '../sync/planned.ts'
import type { Planned } from '../sync/planned.ts'

export const handle: Handler<Sub<'sync', 'status'>> = async ({ options }, session) => {
  const syncing = await openSyncing(session, options, session.world.interrupted())
  try {
    const statuses = (await planAll(syncing, {})).map(statusOf)
    const { env, owner } = syncing
    await session.out.result({ environment: env, owner, destinations: statuses }, async () => {
      await session.out.table(statuses, [
        { title: 'DESTINATION', cell: ({ destination }) => destination },
        {
          title: 'STATE',
          cell: ({ state }) => state.replace('_', ' '),
          style: ({ state }) => (state === 'in_step' ? 'green' : 'red'),
        },
        { title: 'IN STEP', cell: ({ inStep, entries }) => `${inStep}/${entries}`, align: 'right' },
        { title: 'LAST', cell: ({ last }) => last && new Date(last.at).toISOString() },
        { title: 'BY', cell: ({ last }) => last?.by },
        {
          title: 'WHAT',
          cell: ({ error, owed, refused }) =>
            error?.message ?? refused?.message ?? (owed === true ? OWED : undefined),
        },
      ])
      for (const remedy of remediesOf(statuses, env)) session.out.note(`try: ${remedy}`)
    })
    return statuses.every(({ state }) => state === 'in_step') ? 0 : ERRORS.check_failed.exit
  } finally {
    await syncing.close()
  }
}

/** What is to follow a delivery, as a restart, has not been done. */
const OWED = 'what is to follow the delivery failed'

/** What to do about all that is not in step, each once. */
function remediesOf(statuses: readonly Status[], env: string): ReadonlySet<string> {
  const told = statuses.flatMap(({ error, refused }) => error?.remedy ?? refused?.remedy ?? [])
  const states = statuses.map(({ state }) => state)
  const plan = `coffer sync plan --env ${env}`
  const apply = `coffer sync apply --env ${env}`
  return new Set([
    ...told,
    ...(states.includes('drifted')
      ? [`\`${plan}\` names what somebody changed there; \`${apply}\` writes over it.`]
      : []),
    ...(states.includes('behind') ? [`\`${apply}\` delivers what is behind.`] : []),
  ])
}

type Status = ReturnType<typeof statusOf>

/** The worst that is true of a place. */
type State = 'in_step' | 'behind' | 'drifted' | 'refused' | 'unknown'

function statusOf({ title, plan, error }: Planned) {
  const items = plan?.items ?? []
  const refused = items.find(({ action }) => action === 'refused')
  const has = (...actions: readonly string[]) =>
    items.some(({ action }) => actions.includes(action))
  const state: State =
    plan === undefined
      ? 'unknown'
      : has('refused')
        ? 'refused'
        : has('drifted')
          ? 'drifted'
          : plan.owed || has('create', 'update', 'adopt', 'delete', 'forget')
            ? 'behind'
            : 'in_step'
  return {
    destination: title,
    state,
    inStep: items.filter(({ action }) => action === 'unchanged').length,
    entries: items.length,
    last: plan?.ledger.last,
    ...(refused === undefined
      ? {}
      : { refused: { name: refused.name, message: refused.message, remedy: refused.remedy } }),
    ...(plan?.owed === true ? { owed: true } : {}),
    ...(error === undefined ? {} : { error: describeError(error) }),
  }
}
