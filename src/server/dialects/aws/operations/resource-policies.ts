import type { SecretRecord } from '../../../../core/record.ts'
import type { Call, Operation } from '../call.ts'
import { changeLiveSecret, refuse } from '../change.ts'
import { faults } from '../errors/faults.ts'
import type { ResourcePolicy } from '../resource-policy/document.ts'
import { PolicyProblem, parseResourcePolicy } from '../resource-policy/document.ts'
import { isBeyondUs, isPublic } from '../resource-policy/evaluate.ts'
import { deniedBy } from '../resource-policy/refusal.ts'
import { keptOf, withKept } from '../kept.ts'
import { identityOf } from '../secret.ts'
import { Flag, ResourcePolicy as PolicyText, SecretId } from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'
import { described } from './describe-secret.ts'

export const getResourcePolicy: Operation = {
  kind: 'read',
  input: struct({ SecretId }, 'SecretId'),
  async run(call: Call, input: { SecretId: string }) {
    const record = await described(call, input.SecretId)
    return { ...identityOf(call, record), ResourcePolicy: keptOf(record).policy }
  },
}

interface PutPolicyInput {
  readonly SecretId: string
  readonly ResourcePolicy: string
  readonly BlockPublicPolicy?: boolean
}

export const putResourcePolicy: Operation = {
  kind: 'manage',
  input: struct(
    { SecretId, ResourcePolicy: PolicyText, BlockPublicPolicy: Flag },
    'SecretId',
    'ResourcePolicy',
  ),
  run: (
    call: Call,
    { SecretId: id, ResourcePolicy: policy, BlockPublicPolicy: block }: PutPolicyInput,
  ) =>
    changeLiveSecret(call, id, 'update', async (record) => {
      const problem = problemsOf(call, record, policy).find(
        ({ check }) => block === true || check !== PUBLIC,
      )
      if (problem !== undefined) {
        const fault =
          problem.check === PUBLIC ? faults.publicPolicy() : faults.malformedPolicy(problem.why)
        return refuse(call, record.path, 'update', 'invalid_policy', fault)
      }
      const dialects = withKept(record, { policy })
      await call.coffer.update(record.path, { dialects }, { ifRevision: record.revision })
      return identityOf(call, record)
    }),
}

export const deleteResourcePolicy: Operation = {
  kind: 'manage',
  input: struct({ SecretId }, 'SecretId'),
  run: (call: Call, input: { SecretId: string }) =>
    changeLiveSecret(call, input.SecretId, 'update', async (record) => {
      const dialects = withKept(record, { policy: undefined })
      await call.coffer.update(record.path, { dialects }, { ifRevision: record.revision })
      return identityOf(call, record)
    }),
}

export const validateResourcePolicy: Operation = {
  kind: 'read',
  input: struct({ SecretId, ResourcePolicy: PolicyText }, 'ResourcePolicy'),
  async run(call: Call, input: { SecretId?: string; ResourcePolicy: string }) {
    const record = input.SecretId === undefined ? undefined : await described(call, input.SecretId)
    const problems = problemsOf(call, record, input.ResourcePolicy)
    const syntax = problems.find(({ check }) => check === SYNTAX)
    if (syntax !== undefined) throw faults.malformedPolicy(syntax.why)
    return {
      PolicyValidationPassed: problems.length === 0,
      ValidationErrors: problems.map(({ check, why }) => ({
        CheckName: check,
        ErrorMessage: `This resource policy contains ${why}.`,
      })),
    }
  },
}

const SYNTAX = 'PolicySyntaxCheck'
const PUBLIC = 'PublicPolicyCheck'
const LOCK_OUT = 'LockoutCheck'

interface Problem {
  readonly check: string
  readonly why: string
}

/** Not a policy at all; access for everybody; one that its author could not take back. */
function problemsOf(call: Call, record: SecretRecord | undefined, text: string): Problem[] {
  let policy: ResourcePolicy
  try {
    policy = parseResourcePolicy(text)
  } catch (error) {
    if (!(error instanceof PolicyProblem)) throw error
    return [{ check: SYNTAX, why: error.message }]
  }
  if (isBeyondUs(policy)) {
    return [{ check: SYNTAX, why: 'a Deny by a condition key or variable that is not known here' }]
  }
  const locksOut = ['PutResourcePolicy', 'DeleteResourcePolicy'].some(
    (operation) =>
      record !== undefined && deniedBy(text, { ...call.asker, operation }, record, 'update'),
  )
  return [
    ...(isPublic(policy) ? [{ check: PUBLIC, why: 'a grant of access to everybody' }] : []),
    ...(locksOut
      ? [{ check: LOCK_OUT, why: 'a denial that would not let you change it again' }]
      : []),
  ]
}
