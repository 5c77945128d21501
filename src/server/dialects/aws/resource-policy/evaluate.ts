import { anywhere } from './anywhere.ts'
import type { Choice, ResourcePolicy, Statement } from './document.ts'
import type { Facts } from './conditions.ts'
import { holds } from './conditions.ts'
import { globMatches } from './glob.ts'

export interface PolicyQuestion {
  /** `secretsmanager:GetSecretValue` */
  readonly action: string
  /** `arn:aws:iam::123456789012:user/local/alice`, of the partition `aws` */
  readonly principal: string
  /** The secret's ARN, in one region for all. */
  readonly resource: string
  readonly facts: Facts
}

/** Whether some Deny speaks of this. What a resource policy allows, it does not grant: ours decide. */
export const isDenied = ({ statements }: ResourcePolicy, question: PolicyQuestion): boolean =>
  statements.some((statement) => statement.effect === 'Deny' && applies(statement, question))

/** Whether some Allow is for everybody, without a condition that says whom it means. */
export const isPublic = ({ statements }: ResourcePolicy): boolean =>
  statements.some(
    ({ effect, principals, conditions }) =>
      effect === 'Allow' &&
      (principals.except || principals.values.includes('*')) &&
      !conditions.some(({ key, operator }) => NARROWING.has(key) && !/not/i.test(operator)),
  )

/**
 * Whether some Deny asks for what is not known here: it would be kept, and never be applied. Of other
 * keys of AWS's it is true here, as there, that a request may not have them.
 */
export const isBeyondUs = ({ statements }: ResourcePolicy): boolean =>
  statements.some(
    ({ effect, resources, conditions }) =>
      effect === 'Deny' &&
      (resources.values.some(hasVariable) ||
        conditions.some(({ key, values }) => isUnknown(key) || values.some(hasVariable))),
  )

/** `${aws:username}`; nothing is put in its place. */
const hasVariable = (value: string): boolean => value.includes('${')

/** Keys that say what the request asks for. */
const isUnknown = (key: string): boolean =>
  key === 'aws:tagkeys' ||
  key.startsWith('aws:requesttag/') ||
  (key.startsWith('secretsmanager:') &&
    !key.startsWith('secretsmanager:resourcetag/') &&
    !SERVICE_KEYS.has(key))

const SERVICE_KEYS = new Set([
  'secretsmanager:secretid',
  'secretsmanager:name',
  'secretsmanager:forcedeletewithoutrecovery',
])

function applies(statement: Statement, question: PolicyQuestion): boolean {
  const { principals, actions, resources, conditions } = statement
  const { action, principal, resource, facts } = question
  return (
    chosen(principals, (value) => isPrincipal(value, principal)) &&
    chosen(actions, (value) => globMatches(value.toLowerCase(), action.toLowerCase())) &&
    chosen(resources, (value) => globMatches(anywhere(value), resource)) &&
    conditions.every((condition) => holds(condition, facts))
  )
}

const chosen = ({ except, values }: Choice, matches: (value: string) => boolean): boolean =>
  values.some(matches) !== except

/** Itself, its account (by number or as `:root`), or everybody. */
function isPrincipal(value: string, principal: string): boolean {
  if (value === '*' || anywhere(value) === principal) return true
  const account = principal.split(':')[4]
  return value === account || value.endsWith(`:iam::${account}:root`)
}

const NARROWING = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:principalorgid',
  'aws:principalorgpaths',
  'aws:sourcearn',
  'aws:sourceaccount',
  'aws:sourceip',
  'aws:sourcevpc',
  'aws:sourcevpce',
  'aws:userid',
  'aws:username',
  'kms:calleraccount',
])
