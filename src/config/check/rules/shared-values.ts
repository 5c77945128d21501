import type { Finding } from '../../../core/finding.ts'
import type { TypeName } from '../../../core/types/spec.ts'
import { setCommand } from '../commands.ts'
import type { Facts, SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { Rule } from '../rule.ts'

/** Each environment has a value of its own: whoever gets hold of one gets into one. */
export const sharedValues: Rule = {
  codes: {
    shared_value: {
      severity: 'warning',
      meaning:
        'The same secret has the same value in two environments. Told where both are checked together.',
      remedy: 'Have another one issued, and store it with `coffer set`.',
    },
  },
  find: ({ secrets }: Facts) => {
    const groups = Map.groupBy(secrets.filter(isOfOwn), ({ declared }) => declared.name)
    return [...groups.values()].flatMap((group) =>
      group.flatMap((secret, i) => {
        const first = group.slice(0, i).find((other) => isSame(other, secret))
        return first === undefined ? [] : [findingOf(secret, first)]
      }),
    )
  },
}

/** What is no credential may well be the same everywhere: an address, a number, a certificate. */
const COMMON: readonly (TypeName | undefined)[] = [
  'url',
  'number',
  'boolean',
  'json',
  'certificate',
  'binary',
]
const BYTES_MIN = 8

const isOfOwn = ({ declared, answer, ref }: SecretFacts): boolean =>
  answer.kind === 'value' && ref?.field === undefined && !COMMON.includes(declared.type?.name)

/** One reference for several environments is meant to be so. */
function isSame(a: SecretFacts, b: SecretFacts): boolean {
  if (a.answer.kind !== 'value' || b.answer.kind !== 'value' || a.path === b.path) return false
  const value = b.answer.secret.revealBytes()
  return value.length >= BYTES_MIN && a.answer.secret.equals(value)
}

const findingOf = (secret: SecretFacts, first: SecretFacts): Finding => ({
  code: 'shared_value',
  severity: 'warning',
  message: `It has the value of ${first.path} in ${first.environment}.`,
  remedy: setCommand(secret) ?? 'Put one of its own where it lies.',
  ...about(secret),
})
