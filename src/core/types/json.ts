import { LIMITS } from '../limits.ts'
import type { JsonValue } from '../value.ts'
import { badValue, decodeOr } from './row.ts'
import type { TypeRow } from './row.ts'

/** Without a schema nothing is loaded and the check is synchronous. */
export const json: TypeRow = {
  summary: 'JSON, on request checked against a JSON Schema.',
  constraints: ['schema'],
  check: (spec, value) => {
    if (value.encoding === 'bytes') throw badValue(spec, 'is text or a JSON object, not bytes')
    const text = decodeOr(value.bytes, () => badValue(spec, 'is UTF-8 text'))
    const parsed = parse(text)
    if (parsed === undefined) throw badValue(spec, 'is valid JSON')
    if (isDeeperThan(parsed, LIMITS.documentDepthMax)) {
      throw badValue(spec, `is nested at most ${LIMITS.documentDepthMax} levels deep`)
    }
    const { schema } = spec
    if (schema === undefined) return undefined
    return import('./json-schema.ts').then(({ checkAgainst }) => checkAgainst(spec, schema, parsed))
  },
}

/** Whether a document nests more than `levels` objects and lists. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}

/** JSON has no undefined, so it can say "not JSON". The parser's error would quote the text. */
function parse(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
