import { CofferError } from '../../../../core/errors.ts'
import { faults } from '../errors/faults.ts'

export interface Tag {
  readonly Key?: string
  readonly Value?: string
}

/** How many tags a secret may have. */
export const TAGS_MAX = 50

/**
 * Tags as they are kept.
 * @throws AwsFault `InvalidParameterException` for one that may not be or that is there twice
 * @throws CofferError `limit_exceeded`
 */
export function tagsOf(list: readonly Tag[]): Record<string, string> {
  const byKey = new Map<string, string>()
  for (const { Key: key, Value: value = '' } of list) {
    if (key === undefined) throw faults.parameter('You must provide a Key for each tag.')
    if (key.toLowerCase().startsWith('aws:')) {
      throw faults.parameter('aws: prefixed tag key names are not allowed for external use.')
    }
    if (byKey.has(key)) throw faults.parameter('You cannot provide the same tag key twice.')
    byKey.set(key, value)
  }
  if (byKey.size > TAGS_MAX) throw tooManyTags()
  return Object.fromEntries(byKey)
}

export const tooManyTags = () =>
  new CofferError('limit_exceeded', `A secret has at most ${TAGS_MAX} tags.`)
