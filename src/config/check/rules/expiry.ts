import type { Finding } from '../../../core/finding.ts'
import { setCommand } from '../commands.ts'
import type { Facts, SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { isUsable, versionOf } from './state.ts'

/** It does not expire within the days that are asked for. What has expired is for the state. */
export const expiry: Rule = {
  codes: {
    expires_soon: {
      severity: 'warning',
      meaning: 'Its version expires within the days of --expires-within.',
      remedy: 'Store a new version with `coffer set`.',
    },
  },
  find: (facts) => facts.secrets.flatMap((secret) => soon(secret, facts)),
}

function soon(secret: SecretFacts, { now, expiresWithinDays }: Facts): Finding[] {
  const expiresAt = versionOf(secret)?.expiresAt
  if (expiresAt === undefined || !isUsable(secret, now)) return []
  if (expiresAt > now + expiresWithinDays * DAY_MS) return []
  const day = new Date(expiresAt).toISOString().slice(0, 10)
  return [
    {
      code: 'expires_soon',
      severity: 'warning',
      message: `It expires on ${day}.`,
      remedy: setCommand(secret) ?? 'Put a new one where it lies.',
      ...about(secret),
    },
  ]
}

const DAY_MS = 86_400_000
