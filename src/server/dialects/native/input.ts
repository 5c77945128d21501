import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import { CofferError } from '../../../core/errors.ts'

/** Query and body of a request, by their schemas. What no schema names is refused. */

/** Reads the query of a raw URL. @throws CofferError `invalid_argument` */
export function queryReader(schema: z.ZodObject | undefined): (url: string) => unknown {
  const kinds = schema === undefined ? NONE : kindsOf(schema)
  return (url) => {
    const start = url.indexOf('?')
    if (start === -1 && (schema === undefined || kinds.required.length === 0)) return {}
    const query = parseQuery(start === -1 ? '' : url.slice(start + 1), kinds)
    return schema === undefined ? query : checked('query', schema, query)
  }
}

/** Reads a parsed body. @throws CofferError `invalid_argument` */
export const bodyReader =
  (schema: z.ZodType | undefined, judgedByEngine = false): ((body: unknown) => unknown) =>
  (body) => {
    if (schema === undefined) return undefined
    return judgedByEngine ? body : checked('body', schema, body)
  }

/** @throws CofferError `invalid_argument` when a request that takes no body has one */
export function refuseBody({ headers }: FastifyRequest): void {
  const length = headers['content-length']
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return
  throw new CofferError('invalid_argument', 'This request takes no body.')
}

interface Kinds {
  readonly of: ReadonlyMap<string, string>
  readonly required: readonly string[]
}

const NONE: Kinds = { of: new Map(), required: [] }

/** Query text has no types: what a member should be decides how it is read. */
function kindsOf(schema: z.ZodObject): Kinds {
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { unrepresentable: 'any' })
  const of = Object.entries(properties).map(([name, property]) => {
    const type = typeof property === 'object' ? property.type : undefined
    return [name, String(type)] as const
  })
  return { of: new Map(of), required }
}

function parseQuery(text: string, { of }: Kinds): Record<string, unknown> {
  const query = new Map<string, unknown>()
  for (const pair of text.split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = decoded(equals === -1 ? pair : pair.slice(0, equals))
    const kind = of.get(name)
    if (kind === undefined) {
      throw new CofferError('invalid_argument', 'The query has a member that is not known here.', {
        remedy: of.size === 0 ? 'Leave the query out.' : `It takes ${[...of.keys()].join(', ')}.`,
      })
    }
    if (query.has(name)) throw new CofferError('invalid_argument', `query.${name}: given twice`)
    query.set(name, READ[kind]?.(valueOf(pair, equals)) ?? valueOf(pair, equals))
  }
  return Object.fromEntries(query)
}

const valueOf = (pair: string, equals: number): string =>
  equals === -1 ? '' : decoded(pair.slice(equals + 1))

/** What is none of its kind stays text, and is refused as such. */
const READ: Readonly<Record<string, (text: string) => unknown>> = {
  integer: (text) => (NUMBER.test(text) ? Number(text) : text),
  number: (text) => (NUMBER.test(text) ? Number(text) : text),
  boolean: (text) => BOOLEANS.get(text) ?? text,
}
const NUMBER = /^-?[0-9]{1,16}(?:\.[0-9]{1,16})?$/
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['false', false],
])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw new CofferError('invalid_argument', 'The query is not percent-encoded UTF-8.')
  }
}

function checked(where: string, schema: z.ZodType, input: unknown): unknown {
  const result = schema.safeParse(input)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const place = [where, ...(issue?.path ?? [])].map(String).join('.')
  throw new CofferError('invalid_argument', `${place}: ${wordsOf(issue)}`)
}

/** Says what is expected and nothing of what came: a member's name may be a secret put wrongly. */
function wordsOf(issue: z.core.$ZodIssue | undefined): string {
  if (issue?.code === 'unrecognized_keys') return 'it has a member that is not known here'
  if (issue?.code === 'invalid_union') return 'it has none of the shapes that are known here'
  return (issue?.message ?? 'not as it should be').replace(/^Invalid input: /, '')
}
