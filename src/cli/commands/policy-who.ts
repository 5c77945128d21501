import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'who'>> = async ({ options, args: [path] }, session) => {
  const action = options.action ?? 'read'
  const everyone = await (await session.coffer()).access.who(action, path, options.destination)
  const shown = options.all ? everyone : everyone.filter(({ answer }) => answer.allowed)
  await session.out.result(
    { action, path, destination: options.destination, actors: shown },
    async () => {
      await session.out.table(shown, [
        { title: 'ACTOR', cell: ({ actor }) => actor },
        {
          title: 'MAY',
          cell: ({ answer }) => (answer.allowed ? 'yes' : 'no'),
          style: ({ answer }) => (answer.allowed ? 'green' : 'dim'),
        },
        {
          title: 'BECAUSE',
          cell: ({ answer }) =>
            options.why ? answer.reasons.join(' → ') : decider(answer.reasons),
        },
      ])
      if (shown.length === 0) session.out.note(`No known actor may ${action} ${path}.`)
    },
  )
}

/** The rule that decides, by its name; or that there is none. */
function decider(reasons: readonly string[]): string {
  const [rule] = reasons.findLast((reason) => reason.startsWith('policy '))?.split(': ', 1) ?? []
  if (rule !== undefined) return rule
  return reasons.some((reason) => reason.startsWith('no rule ')) ? 'no rule' : (reasons[0] ?? '')
}
