import type { Finding } from '../../../core/finding.ts'
import { positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** What lies at another provider shows only when it is read: not reading it is told, once for each. */
export const unchecked: Rule = {
  codes: {
    not_checked: {
      severity: 'warning',
      meaning:
        'Secrets of another provider than coffer were not checked: --without-values reads none, and nothing else tells of them.',
      remedy: 'Check without --without-values, as somebody who may read them.',
    },
  },
  find({ secrets, environments }) {
    const left = secrets.filter(({ answer }) => answer.kind === 'unknown')
    const groups = Map.groupBy(left, ({ ref, environment }) =>
      JSON.stringify([ref?.provider, environment]),
    )
    return [...groups.values()].map((group): Finding => {
      const [{ ref, environment } = { ref: undefined, environment: '' }] = group
      const secret = group.length === 1 ? '1 secret was' : `${group.length} secrets were`
      return {
        code: 'not_checked',
        severity: 'warning',
        path: ref?.provider ?? '',
        message: `${secret} not checked: no values are read.`,
        remedy: 'Check without --without-values, as somebody who may read them.',
        environment,
        ...positionOf(environments.find(({ name }) => name === environment)?.at),
      }
    })
  },
}
