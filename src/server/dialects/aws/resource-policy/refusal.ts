import type { Action } from '../../../../core/policy/policy.ts'
import type { SecretRecord } from '../../../../core/record.ts'
import { arnOf, nameOf, principalOf } from '../names/arn.ts'
import type { Place } from '../names/arn.ts'
import type { Facts } from './conditions.ts'
import { HOME_REGION } from './anywhere.ts'
import { PolicyProblem, parseResourcePolicy } from './document.ts'
import { isDenied } from './evaluate.ts'

/** Who asks, in whatever dialect. */
export interface Asker {
  readonly accountId: string
  readonly actor: string
  readonly address: string
  readonly secure: boolean
  /** Milliseconds since 1970 UTC. */
  readonly now: number
  /** The signed region; other dialects have none. */
  readonly region?: string | undefined
  /** The AWS operation that it is; other dialects ask for the one that comes next to theirs. */
  readonly operation?: string | undefined
}

/** Almost no secret has one. */
export const hasResourcePolicy = (record: SecretRecord): boolean => policyOf(record) !== undefined

/** Whether a secret's resource policy denies this: what an AWS client forbade holds in every dialect. */
export function refusedByResourcePolicy(
  asker: Asker,
  record: SecretRecord,
  action: Action,
): boolean {
  const text = policyOf(record)
  if (text === undefined) return false
  try {
    return deniedBy(text, asker, record, action)
  } catch (error) {
    if (error instanceof PolicyProblem) return !MENDING.has(action)
    throw error
  }
}

function policyOf({ dialects }: SecretRecord): string | undefined {
  const text = dialects?.['aws']?.['policy']
  return typeof text === 'string' ? text : undefined
}

/** What is left of a secret whose policy somebody wrote by another way in, and cannot be read. */
const MENDING: ReadonlySet<Action> = new Set(['describe', 'update'])

/** The same for a policy that is not kept with the secret, or not yet. */
export function deniedBy(
  text: string,
  asker: Asker,
  record: SecretRecord,
  action: Action,
): boolean {
  const place = { region: HOME_REGION, accountId: asker.accountId }
  return isDenied(parseResourcePolicy(text), {
    action: `secretsmanager:${asker.operation ?? OPERATIONS[action]}`,
    principal: principalOf(place, asker.actor),
    resource: arnOf(place, record),
    facts: factsOf(asker, place, record, action),
  })
}

const OPERATIONS: { readonly [A in Action]?: string } & { readonly [other: string]: string } = {
  read: 'GetSecretValue',
  deliver: 'GetSecretValue',
  describe: 'DescribeSecret',
  write: 'PutSecretValue',
  label: 'UpdateSecretVersionStage',
  update: 'UpdateSecret',
  rotate: 'RotateSecret',
  delete: 'DeleteSecret',
  destroy: 'DeleteSecret',
  undelete: 'RestoreSecret',
}

function factsOf(asker: Asker, place: Place, record: SecretRecord, action: Action): Facts {
  const facts = new Map([
    ['aws:principalarn', principalOf(place, asker.actor)],
    ['aws:principalaccount', asker.accountId],
    ['aws:username', asker.actor.replaceAll(':', '/')],
    ['aws:sourceip', asker.address],
    ['aws:securetransport', String(asker.secure)],
    ['aws:currenttime', new Date(asker.now).toISOString()],
    ['aws:epochtime', String(Math.floor(asker.now / 1_000))],
    ['aws:requestedregion', asker.region ?? HOME_REGION],
    ['secretsmanager:secretid', arnOf(place, record)],
    ['secretsmanager:name', nameOf(record)],
    ...ALWAYS,
  ])
  if (action === 'delete' || action === 'destroy') {
    facts.set('secretsmanager:forcedeletewithoutrecovery', String(action === 'destroy'))
  }
  for (const [key, value] of Object.entries(record.tags ?? {})) {
    facts.set(`aws:resourcetag/${key.toLowerCase()}`, value)
    facts.set(`secretsmanager:resourcetag/${key.toLowerCase()}`, value)
  }
  return facts
}

/** What AWS says of every request; here nobody asks in another's name. */
const ALWAYS = [
  ['aws:principaltype', 'User'],
  ['aws:principalisawsservice', 'false'],
  ['aws:viaawsservice', 'false'],
] as const
