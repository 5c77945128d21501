import type { Finding } from '../../../core/finding.ts'
import type { Facts, ReaderFacts, SecretFacts } from '../facts.ts'
import { about, positionOf, shellWord } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Who reads it in production may read it: the actors of the workloads in `usedBy`. */
export const readers: Rule = {
  codes: {
    reader_denied: {
      severity: 'error',
      meaning: 'A workload of `usedBy` may not read it, by the policies of its actor.',
      remedy: 'Run `coffer policy workloads --env NAME`; `coffer policy test` tells why not.',
    },
    reader_unknown: {
      severity: 'warning',
      meaning: 'Whoever checks may not ask what a workload may read.',
      remedy: 'Give it `admin` on `actor:NAME`, or check as an administrator.',
    },
  },
  find: (facts) => [
    ...facts.secrets.flatMap((secret) =>
      secret.readers.flatMap((reader) => denied(secret, reader)),
    ),
    ...unknown(facts),
  ],
}

function denied(secret: SecretFacts, { allowed, actor, workload }: ReaderFacts): Finding[] {
  if (allowed !== false) return []
  const path = secret.ref?.key ?? secret.path
  const command = `coffer policy test --actor ${shellWord(actor)} --action read ${shellWord(path)}`
  return [
    {
      code: 'reader_denied',
      severity: 'error',
      message: `${workload} (${actor}) may not read it.`,
      remedy: `Run coffer policy workloads --env ${shellWord(secret.environment)}; see why not: ${command}`,
      ...about(secret),
    },
  ]
}

/** Once for each actor, whatever it reads. */
function unknown({ secrets, manifest }: Facts): Finding[] {
  const found = new Map<string, Finding>()
  for (const { environment, readers: all } of secrets) {
    for (const { actor, workload, allowed } of all) {
      if (allowed !== undefined) continue
      found.set(`${environment}\0${actor}`, {
        code: 'reader_unknown',
        severity: 'warning',
        path: actor,
        environment,
        message: `Whether ${workload} (${actor}) may read its secrets could not be asked.`,
        remedy: `Give whoever checks \`admin\` on actor:${actor}.`,
        ...positionOf(manifest.workloads[workload]?.at),
      })
    }
  }
  return [...found.values()]
}
