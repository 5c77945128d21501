/**
 * A resource policy in IAM's language, as AWS clients attach one to a secret. Its grammar is checked
 * when it is put; what is stored is its text.
 */
export interface ResourcePolicy {
  readonly statements: readonly Statement[]
}

export interface Statement {
  readonly effect: 'Allow' | 'Deny'
  /** Whom it is about: those named, or (`except`) all others. */
  readonly principals: Choice
  readonly actions: Choice
  readonly resources: Choice
  /** Operator to key to values. */
  readonly conditions: readonly Condition[]
}

export interface Choice {
  readonly except: boolean
  readonly values: readonly string[]
}

export interface Condition {
  readonly operator: string
  /** In lower case. */
  readonly key: string
  readonly values: readonly string[]
}

/** Why a text is no resource policy: `a syntax error`, `an unsupported principal`. */
export class PolicyProblem extends Error {}

/** @throws PolicyProblem */
export function parseResourcePolicy(text: string): ResourcePolicy {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new PolicyProblem('a JSON syntax error')
  }
  const { Statement: statement, ...rest } = members(document, 'a document that is no object')
  for (const name of Object.keys(rest)) {
    if (!['Version', 'Id'].includes(name))
      throw new PolicyProblem(`an unknown element in the document`)
  }
  if (rest['Version'] !== undefined && !VERSIONS.has(rest['Version'])) {
    throw new PolicyProblem('an unsupported Version')
  }
  const statements = Array.isArray(statement) ? statement : [statement]
  if (statement === undefined || statements.length === 0) throw new PolicyProblem('no statement')
  if (statements.length > STATEMENTS_MAX) throw new PolicyProblem('too many statements')
  return { statements: statements.map(parseStatement) }
}

function parseStatement(input: unknown): Statement {
  const given = members(input, 'a statement that is no object')
  for (const name of Object.keys(given)) {
    if (!ELEMENTS.has(name)) throw new PolicyProblem('an unknown element in a statement')
  }
  const { Effect: effect } = given
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyProblem('an invalid Effect')
  return {
    effect,
    principals: choice(given, 'Principal', principalsOf),
    actions: choice(given, 'Action', textsOf),
    resources: choice(given, 'Resource', textsOf),
    conditions: conditionsOf(given['Condition']),
  }
}

function choice(
  given: Readonly<Record<string, unknown>>,
  name: string,
  read: (value: unknown) => string[],
): Choice {
  const [plain, negated] = [given[name], given[`Not${name}`]]
  if ((plain === undefined) === (negated === undefined)) {
    throw new PolicyProblem(`a statement without exactly one of ${name} and Not${name}`)
  }
  return plain === undefined
    ? { except: true, values: read(negated) }
    : { except: false, values: read(plain) }
}

/** AWS principals as ARNs, account numbers or `*`; others with their kind: `Service:x`. */
function principalsOf(value: unknown): string[] {
  if (value === '*') return ['*']
  const kinds = Object.entries(members(value, 'an unsupported principal'))
  if (kinds.length === 0) throw new PolicyProblem('an unsupported principal')
  return kinds.flatMap(([kind, names]) => {
    if (!KINDS.has(kind)) throw new PolicyProblem('an unsupported principal')
    const texts = textsOf(names)
    if (kind !== 'AWS') return texts.map((text) => `${kind}:${text}`)
    if (texts.every((text) => PRINCIPAL.test(text))) return texts
    throw new PolicyProblem('an invalid principal')
  })
}

function conditionsOf(value: unknown): Condition[] {
  if (value === undefined) return []
  return Object.entries(members(value, 'a Condition that is no object')).flatMap(
    ([operator, keys]) =>
      Object.entries(members(keys, 'a condition that is no object')).map(([key, values]) => ({
        operator,
        key: key.toLowerCase(),
        values: textsOf(values),
      })),
  )
}

function textsOf(value: unknown): string[] {
  const values: unknown[] = Array.isArray(value) ? value : [value]
  if (values.length === 0) throw new PolicyProblem('an empty list')
  return values.map((item) => {
    if (typeof item === 'string') return item
    if (typeof item === 'boolean' || typeof item === 'number') return String(item)
    throw new PolicyProblem('a value that is no text')
  })
}

function members(value: unknown, why: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>
  }
  throw new PolicyProblem(why)
}

const VERSIONS = new Set<unknown>(['2012-10-17', '2008-10-17'])
const KINDS = new Set(['AWS', 'Service', 'Federated', 'CanonicalUser'])
const PRINCIPAL = /^(\*|[0-9]{12}|arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[^*?\s]+|A[A-Z0-9]{15,127})$/
const ELEMENTS = new Set([
  'Sid',
  'Effect',
  ...['Principal', 'Action', 'Resource'].flatMap((name) => [name, `Not${name}`]),
  'Condition',
])
const STATEMENTS_MAX = 100
