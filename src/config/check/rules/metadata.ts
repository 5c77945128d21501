import type { Finding } from '../../../core/finding.ts'
import { updateCommand } from '../commands.ts'
import type { SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { CodeRow, Rule } from '../rule.ts'

const FIELDS = ['owner', 'classification'] as const

/** What the store says of it does not contradict the manifest. What it does not say is no matter. */
export const metadata: Rule = {
  codes: Object.fromEntries(
    FIELDS.map((field): [string, CodeRow] => [
      `${field}_mismatch`,
      {
        severity: 'warning',
        meaning: `The store names another ${field} than the manifest.`,
        remedy: `Correct one of them: \`coffer update PATH --${field} WORD\`.`,
      },
    ]),
  ),
  find: ({ secrets }) =>
    secrets.flatMap((secret) => FIELDS.flatMap((field) => contradiction(secret, field))),
}

function contradiction(secret: SecretFacts, field: (typeof FIELDS)[number]): Finding[] {
  const [declared, stored] = [secret.declared[field], secret.record?.[field]]
  if (declared === undefined || stored === undefined || declared === stored) return []
  return [
    {
      code: `${field}_mismatch`,
      severity: 'warning',
      message: `The store says ${field} ${stored}; the manifest says ${declared}.`,
      remedy: updateCommand(secret, field, declared),
      ...about(secret),
    },
  ]
}
