import { AwsFault } from '../errors/fault.ts'
import { faults } from '../errors/faults.ts'

export interface Tag {
  readonly Key?: string
  readonly Value?: string
}

/** The tags with these set. @throws AwsFault `InvalidParameterException`, `LimitExceededException` */
export function withTags(
  tags: Readonly<Record<string, string>> | undefined,
  added: readonly Tag[],
): Record<string, string> {
  const byKey = new Map(Object.entries(tags ?? {}))
  const seen = new Set<string>()
  for (const { Key: key, Value: value = '' } of added) {
    if (key === undefined) throw faults.parameter('You must provide a Key for each tag.')
    if (key.toLowerCase().startsWith('aws:')) {
      throw faults.parameter('aws: prefixed tag key names are not allowed for external use.')
    }
    if (seen.has(key)) throw faults.parameter('You cannot provide the same tag key twice.')
    seen.add(key)
    byKey.set(key, value)
  }
  if (byKey.size > TAGS_MAX) {
    throw new AwsFault('LimitExceededException', `A secret has at most ${TAGS_MAX} tags.`)
  }
  return Object.fromEntries(byKey)
}

const TAGS_MAX = 50
