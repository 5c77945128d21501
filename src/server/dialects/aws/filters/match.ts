import type { SecretRecord } from '../../../../core/record.ts'
import { faults } from '../errors/faults.ts'
import { nameOf } from '../names/arn.ts'
import { keptOf } from '../kept.ts'
import type { FILTER_KEYS } from '../shapes/members.ts'
import { wordsOf } from './words.ts'

export interface Filter {
  readonly Key?: string
  readonly Values?: readonly string[]
}

export type Matches = (record: SecretRecord) => boolean

/**
 * All filters must hold, and of each at least one value; `!` before a value turns it around.
 * @throws AwsFault `InvalidParameterException` for a filter without a key or without values
 */
export function matcherOf(filters: readonly Filter[]): Matches {
  const all = filters.map(({ Key: key, Values: values }) => {
    if (key === undefined) throw faults.parameter('Invalid filter key')
    if (values === undefined) throw faults.parameter(`Invalid filter values for key: ${key}`)
    const test = TESTS[key as Key]
    return values.map((value): Matches =>
      value.startsWith('!')
        ? (record) => !test(record, value.slice(1))
        : (record) => test(record, value),
    )
  })
  return (record) => all.every((values) => values.some((matches) => matches(record)))
}

type Key = (typeof FILTER_KEYS)[number]
type Test = (record: SecretRecord, value: string) => boolean

const TESTS: { readonly [K in Key]: Test } = {
  name: (record, value) => nameOf(record).startsWith(value),
  description: ({ description = '' }, value) => wordsAppear(value, [description]),
  'tag-key': ({ tags = {} }, value) => Object.keys(tags).some((key) => key.startsWith(value)),
  'tag-value': ({ tags = {} }, value) => Object.values(tags).some((tag) => tag.startsWith(value)),
  'primary-region': (record, value) => keptOf(record).primaryRegion?.startsWith(value) === true,
  // No service manages secrets here.
  'owning-service': () => false,
  all(record, value) {
    const { description = '', tags = {} } = record
    return wordsAppear(value, [nameOf(record), description, ...Object.entries(tags).flat()])
  },
}

/** Every word that is looked for begins some word of the texts; case does not count. */
function wordsAppear(wanted: string, texts: readonly string[]): boolean {
  const words = wordsOf(wanted)
  if (words.length === 0) return false
  const there = texts.flatMap(wordsOf).map((word) => word.toLowerCase())
  return words.every((word) => there.some((other) => other.startsWith(word.toLowerCase())))
}
