import type { SecretRecord } from '../../../../core/record.ts'
import { faults } from '../errors/faults.ts'
import type { Place } from './arn.ts'
import { parseArn, suffixOf } from './arn.ts'
import { isName, pathOfName } from './name.ts'

/** What a `SecretId` means. */
export interface Target {
  readonly name: string
  readonly path: string
  /** Of a whole ARN: the secret must be the one that has it. */
  readonly suffix?: string | undefined
}

/**
 * A name, a whole ARN or one without its suffix, of any region. As in AWS, an ARN that ends like a
 * whole one is taken as such: `suffixOf` says how those end.
 * @throws AwsFault `ResourceNotFoundException` for another account's ARN
 */
export function targetOf(secretId: string, place: Place): Target {
  if (!secretId.startsWith('arn:')) return { name: secretId, path: pathOfName(secretId) }
  const arn = parseArn(secretId)
  if (arn === undefined || arn.accountId !== place.accountId) throw faults.noSecret()
  const [, name, suffix] = WHOLE.exec(arn.resource) ?? []
  return name === undefined
    ? { name: arn.resource, path: pathOfName(arn.resource) }
    : { name, path: pathOfName(name), suffix }
}

const WHOLE = /^(.+)-(?![a-z]{6}$)([A-Za-z0-9]{6})$/s

export const isMeant = (target: Target, id: SecretRecord['id']): boolean =>
  target.suffix === undefined || target.suffix === suffixOf(id)

/** What AWS says where nothing is found: a name that none could have is told apart. */
export const notFound = (target: Target) =>
  target.suffix === undefined && !isName(target.name) ? faults.invalidName() : faults.noSecret()
