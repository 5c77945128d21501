import { isCofferError } from '../../../core/errors.ts'
import type { Finding } from '../../../core/finding.ts'
import { checkValue } from '../../../core/types/validate.ts'
import type { TypeSpec } from '../../../core/types/spec.ts'
import { encodeValue } from '../../../core/value.ts'
import type { SecretValue } from '../../../core/value.ts'
import { decodeText } from '../../../core/secret.ts'
import { materialOf } from '../../extract.ts'
import { setCommand, updateCommand } from '../commands.ts'
import type { Facts, SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { Rule } from '../rule.ts'
import { isUsable } from './state.ts'

/** Its value is of the type that the manifest says; where it may not be read, the store's word is. */
export const types: Rule = {
  codes: {
    invalid_value: {
      severity: 'error',
      meaning: 'Its value is not of the type that the manifest says, or has no such field.',
      remedy: 'Store a right one with `coffer set`, or correct the type in the manifest.',
    },
    type_mismatch: {
      severity: 'warning',
      meaning:
        'The store keeps it under another type than the manifest says. An error where the value cannot be read to see whether it fits.',
      remedy: 'Correct one of them: `coffer update PATH --type TYPE`.',
    },
  },
  async find(facts) {
    const found = await Promise.all(facts.secrets.map((secret) => judge(secret, facts)))
    return found.flat()
  },
}

async function judge(secret: SecretFacts, { now }: Facts): Promise<Finding[]> {
  if (!isUsable(secret, now)) return []
  return [...(await wrongValue(secret)), ...wrongRecord(secret)]
}

async function wrongValue(secret: SecretFacts): Promise<Finding[]> {
  const { declared, answer, ref } = secret
  if (answer.kind !== 'value' || ref === undefined) return []
  const { type } = declared
  const parted = ref.field !== undefined || ref.encoding !== undefined
  if (type === undefined && !parted) return []
  try {
    const value = parted
      ? textOrBytes(materialOf(ref, answer.secret).text())
      : (answer.secret.reveal() as SecretValue)
    if (type !== undefined) await checkAs(type, value)
    return []
  } catch (error) {
    const known = isCofferError(error, 'invalid_value') ? error : undefined
    const message = known?.message ?? 'Its value could not be checked against its type.'
    return [
      {
        code: 'invalid_value',
        severity: 'error',
        message,
        remedy: setCommand(secret) ?? 'Put a right one where it lies, or correct the manifest.',
        ...about(secret),
      },
    ]
  }
}

/** Other places keep text only: what is JSON or a number there comes as text. */
const checkAs = async (type: TypeSpec, value: SecretValue): Promise<void> =>
  checkValue(type, encodeValue(value))

function textOrBytes(bytes: Uint8Array): SecretValue {
  try {
    return decodeText(bytes)
  } catch {
    return bytes
  }
}

function wrongRecord(secret: SecretFacts): Finding[] {
  const { declared, record, answer, ref } = secret
  if (declared.type === undefined || record === undefined || ref?.field !== undefined) return []
  if (record.type.name === declared.type.name) return []
  const unread = answer.kind !== 'value'
  return [
    {
      code: 'type_mismatch',
      severity: unread ? 'error' : 'warning',
      message: `The store keeps it as ${record.type.name}; the manifest says ${declared.type.name}.`,
      remedy: updateCommand(secret, 'type', declared.type.name),
      ...about(secret),
    },
  ]
}
