import type { Finding } from '../../../core/finding.ts'
import { shellWord } from '../../../core/shell-word.ts'
import type { Facts, ReaderFacts, SecretFacts } from '../facts.ts'
import { about, positionOf } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Who reads it in production may read it: the actors of the workloads in `usedBy`. */
export const readers: Rule = {
  codes: {
    reader_denied: {
      severity: 'error',
      meaning: 'A workload of `usedBy` may not read it, by the policies of its actor.',
      remedy: 'Run `coffer policy workloads --env NAME`; `coffer policy test` tells why not.',
    },
    reader_absent: {
      severity: 'warning',
      meaning:
        "The store knows nothing of a workload's actor, which the manifest implies: it may read nothing.",
      remedy: 'Run `coffer policy workloads --env NAME`, or name its actor in `workloads`.',
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
    ...ofActors(facts),
  ],
}

function denied(
  secret: SecretFacts,
  { allowed, actor, workload, isAbsent }: ReaderFacts,
): Finding[] {
  if (allowed !== false || isAbsent) return []
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
function ofActors({ secrets, manifest }: Facts): Finding[] {
  const found = new Map<string, Finding>()
  for (const { environment, readers: all } of secrets) {
    for (const { actor, workload, allowed, isAbsent } of all) {
      if (allowed !== undefined && !isAbsent) continue
      const told = isAbsent
        ? {
            code: 'reader_absent',
            message: `The store knows nobody called ${actor}: ${workload} could read nothing as it.`,
            remedy: `coffer policy workloads --env ${shellWord(environment)}`,
          }
        : {
            code: 'reader_unknown',
            message: `Whether ${workload} (${actor}) may read its secrets could not be asked.`,
            remedy: `Give whoever checks \`admin\` on actor:${actor}.`,
          }
      found.set(`${environment}\0${actor}`, {
        ...told,
        severity: 'warning',
        path: actor,
        environment,
        ...positionOf(manifest.workloads[workload]?.at),
      })
    }
  }
  return [...found.values()]
}
