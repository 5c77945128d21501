import type { Finding } from '../../../core/finding.ts'
import { commandWords, setCommand } from '../commands.ts'
import type { Facts, SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { isUsable, versionOf } from './state.ts'

/** Its version is younger than `rotate.every` of the manifest says. */
export const rotation: Rule = {
  codes: {
    rotation_due: {
      severity: 'error',
      meaning: 'Its version is older than `rotate.every` of the manifest.',
      remedy: 'Change it where it is issued, then store it with `coffer set`; or `coffer rotate`.',
    },
  },
  find: (facts) => facts.secrets.flatMap((secret) => due(secret, facts)),
}

function due(secret: SecretFacts, { now }: Facts): Finding[] {
  const { answer } = secret
  const createdAt =
    versionOf(secret)?.createdAt ?? (answer.kind === 'value' ? answer.createdAt : undefined)
  // A pinned version is not the one that is rotated.
  if (createdAt === undefined || secret.ref?.version !== undefined || !isUsable(secret, now))
    return []
  const { rotateEveryDays } = secret.declared
  const days = Math.floor((now - createdAt) / DAY_MS)
  if (days < rotateEveryDays) return []
  return [
    {
      code: 'rotation_due',
      severity: 'error',
      message: `Its value is ${days} days old; the manifest says every ${rotateEveryDays}.`,
      remedy: remedyFor(secret),
      ...about(secret),
    },
  ]
}

function remedyFor(secret: SecretFacts): string {
  const words = commandWords(secret)
  if (words !== undefined && secret.declared.rotatesItself) return `coffer rotate ${words}`
  return setCommand(secret) ?? `Change it where it is issued, and at ${secret.path}.`
}

const DAY_MS = 86_400_000
