import { CofferError, isCofferError } from '../errors.ts'
import { checkLabel } from '../label.ts'
import { LIMITS } from '../limits.ts'
import { BUILTIN_POLICIES } from './builtin.ts'
import { parseInstant, parseTimeOfDay } from './conditions.ts'
import { compilePattern } from './pattern.ts'
import { ACTIONS } from './policy.ts'
import type { Action, Conditions, Policy, Rule } from './policy.ts'
import { parseVaultPolicy } from './vault/parse.ts'

/**
 * Reads a policy from outside. The answer is a fresh object that holds only what was checked;
 * patterns are in canonical form. Unknown keys, inherited properties and built-in names are refused.
 *
 * @throws CofferError `invalid_policy`; the message begins with the place: `rules[2].paths[0]: …`
 */
export function parsePolicy(input: unknown): Policy {
  const fields = objectAt('', input, ['name', 'description', 'combine', 'rules', 'hcl'])
  const name = checkAccessName('name', fields.get('name'))
  if (BUILTIN_POLICIES.has(name)) throw refuse('name', `"${name}" is built in; choose another`)
  const description = optional(fields, 'description', checkDescription)
  const combine = optional(fields, 'combine', (at, value) =>
    oneOf(at, value, ['denyWins', 'mostSpecific'] as const),
  )
  const hcl = optional(fields, 'hcl', checkHcl)
  if (hcl !== undefined && combine === 'denyWins') {
    throw refuse('combine', 'a text in Vault’s language is always mostSpecific')
  }
  const ruleMax = hcl === undefined ? LIMITS.policyRulesMax : 0
  const given = hcl === undefined ? fields.get('rules') : (fields.get('rules') ?? [])
  const rules = listAt('rules', given, 0, ruleMax).map((rule, i) => ruleAt(`rules[${i}]`, rule))
  const policy: Policy = {
    name,
    ...(description === undefined ? {} : { description }),
    ...(combine === undefined ? {} : { combine }),
    rules,
    ...(hcl === undefined ? {} : { hcl }),
  }
  if (Buffer.byteLength(JSON.stringify(policy)) > LIMITS.policyBytesMax) throw refuse('', TOO_BIG)
  return policy
}

/**
 * The name of a policy or role: lower case only, so that no two differ by case alone.
 * @throws CofferError `invalid_policy`
 */
export function checkAccessName(at: string, input: unknown): string {
  if (typeof input === 'string' && NAME.test(input)) return input
  throw refuse(at, 'a name is 1 to 64 of a-z 0-9 . _ - and begins with a letter or digit')
}

type Fields = ReadonlyMap<string, unknown>

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/
const EFFECTS = ['allow', 'deny'] as const
const CONDITIONS = [
  'notBefore',
  'notAfter',
  'timeOfDay',
  'weekdays',
  'labels',
  'destinations',
] as const
const TOO_BIG = `a policy has at most ${LIMITS.policyBytesMax} bytes`

function ruleAt(at: string, input: unknown): Rule {
  const fields = objectAt(at, input, ['effect', 'actions', 'paths', 'conditions'])
  const conditions = optional(fields, 'conditions', conditionsAt, at)
  const rule: Rule = {
    effect: oneOf(`${at}.effect`, fields.get('effect'), EFFECTS),
    actions: listAt(`${at}.actions`, fields.get('actions'), 1, ACTIONS.length + 1).map(
      (action, i) => oneOf(`${at}.actions[${i}]`, action, [...ACTIONS, '*'] as const),
    ),
    paths: listAt(`${at}.paths`, fields.get('paths'), 1, LIMITS.policyBytesMax).map((path, i) =>
      explained(`${at}.paths[${i}]`, () => compilePattern(path as string).text),
    ),
    ...(conditions === undefined ? {} : { conditions }),
  }
  if (conditions?.destinations !== undefined && !speaksOf(rule, 'deliver')) {
    throw refuse(`${at}.actions`, 'destinations are of the action deliver alone')
  }
  return rule
}

const speaksOf = ({ actions }: Rule, action: Action): boolean =>
  actions.includes('*') || actions.includes(action)

function conditionsAt(at: string, input: unknown): Conditions {
  const fields = objectAt(at, input, CONDITIONS)
  if (fields.size === 0) throw refuse(at, 'give at least one condition, or leave it out')
  const notBefore = optional(fields, 'notBefore', instantAt, at)
  const notAfter = optional(fields, 'notAfter', instantAt, at)
  if (notBefore !== undefined && notAfter !== undefined) {
    if (parseInstant(notBefore) > parseInstant(notAfter)) {
      throw refuse(at, 'notBefore is later than notAfter: it would never hold')
    }
  }
  const timeOfDay = optional(fields, 'timeOfDay', timeOfDayAt, at)
  const weekdays = optional(fields, 'weekdays', weekdaysAt, at)
  const labels = optional(fields, 'labels', labelsAt, at)
  const destinations = optional(fields, 'destinations', destinationsAt, at)
  return {
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
    ...(timeOfDay === undefined ? {} : { timeOfDay }),
    ...(weekdays === undefined ? {} : { weekdays }),
    ...(labels === undefined ? {} : { labels }),
    ...(destinations === undefined ? {} : { destinations }),
  }
}

const instantAt = (at: string, input: unknown): string | number =>
  explained(at, () => (parseInstant(input as string | number), input as string | number))

const timeOfDayAt = (at: string, input: unknown): string =>
  explained(at, () => (parseTimeOfDay(input as string), input as string))

const weekdaysAt = (at: string, input: unknown): number[] =>
  listAt(at, input, 1, 7).map((day, i) => oneOf(`${at}[${i}]`, day, [1, 2, 3, 4, 5, 6, 7] as const))

const labelsAt = (at: string, input: unknown): string[] =>
  listAt(at, input, 1, LIMITS.labelsPerSecretMax).map((label, i) =>
    explained(`${at}[${i}]`, () => checkLabel(label as string)),
  )

const destinationsAt = (at: string, input: unknown): string[] =>
  listAt(at, input, 1, LIMITS.policyBytesMax).map((text, i) => destinationAt(`${at}[${i}]`, text))

function destinationAt(at: string, input: unknown): string {
  if (typeof input === 'string' && /^[^/*]+:\*\*/.test(input)) {
    throw refuse(at, 'every place of a kind is KIND:*/**')
  }
  const { text, kind } = explained(at, () => compilePattern(input as string))
  const [first = ''] = text.split('/')
  if (kind === undefined && /[:*]/.test(first)) return text
  throw refuse(at, 'a destination is written KIND:PLACE, as vercel:prj_1/*')
}

function checkDescription(at: string, input: unknown): string {
  if (typeof input === 'string' && input.length <= LIMITS.descriptionCharsMax) return input
  throw refuse(at, `a description is text of at most ${LIMITS.descriptionCharsMax} characters`)
}

function checkHcl(at: string, input: unknown): string {
  if (typeof input !== 'string' || !input.isWellFormed()) throw refuse(at, 'expected text')
  return explained(at, () => (parseVaultPolicy(input), input))
}

/** Own, enumerable, expected properties; each is read once. */
function objectAt(at: string, input: unknown, known: readonly string[]): Fields {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw refuse(at, 'expected an object')
  }
  const fields = new Map<string, unknown>()
  for (const [key, value] of Object.entries(input)) {
    if (!known.includes(key)) {
      throw refuse(
        at,
        `unknown key ${JSON.stringify(key.slice(0, 64))}; known: ${known.join(', ')}`,
      )
    }
    if (value !== undefined) fields.set(key, value)
  }
  return fields
}

function listAt(at: string, input: unknown, min: number, max: number): unknown[] {
  if (!Array.isArray(input)) throw refuse(at, 'expected a list')
  if (input.length < min) throw refuse(at, `expected at least ${min}`)
  if (input.length > max) throw refuse(at, `at most ${max} are allowed`)
  return Array.from<unknown>(input)
}

function oneOf<const T extends string | number>(
  at: string,
  input: unknown,
  known: readonly T[],
): T {
  const found = known.find((value) => value === input)
  if (found === undefined) throw refuse(at, `expected one of ${known.join(', ')}`)
  return found
}

function optional<T>(
  fields: Fields,
  key: string,
  read: (at: string, value: unknown) => T,
  parent = '',
): T | undefined {
  const value = fields.get(key)
  return value === undefined ? undefined : read(parent === '' ? key : `${parent}.${key}`, value)
}

/** Says where, for an error that knows only what. */
function explained<T>(at: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isCofferError(error)) throw refuse(at, error.message)
    throw error
  }
}

const refuse = (at: string, why: string) =>
  new CofferError('invalid_policy', at === '' ? `The policy: ${why}` : `${at}: ${why}`)
