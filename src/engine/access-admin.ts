import { CofferError } from '../core/errors.ts'
import type { AuditAction } from '../core/event.ts'
import { checkDestination } from '../core/delivery.ts'
import { CURRENT } from '../core/label.ts'
import { canonicalPath } from '../core/path.ts'
import { BUILTIN_POLICIES, INITIAL_POLICIES } from '../core/policy/builtin.ts'
import { explain } from '../core/policy/explain.ts'
import type { Policy } from '../core/policy/policy.ts'
import { ACTIONS } from '../core/policy/policy.ts'
import { checkAccessName, parsePolicy } from '../core/policy/validate.ts'
import type {
  AccessAdmin,
  AccessAnswer,
  AccessQuestion,
  ActorRecord,
  Role,
} from '../core/ports/coffer.ts'
import type { ActorAccess } from './access.ts'
import type { EngineContext, Origin, Subject } from './context.ts'
import { checkActor } from './actors.ts'
import { auditAllowed, requireAudited } from './audited.ts'
import { mustBeThere, mustBeThereToRemove, names, policiesExist } from './known-names.ts'
import { transact } from './transaction.ts'
import type { Transaction } from './transaction.ts'

type AccessKind = 'policy' | 'role' | 'actor'

/** Policies, roles and actors for one actor. Every method needs `admin` on what it touches. */
export function createAccessAdmin(context: EngineContext, origin: Origin): AccessAdmin {
  const put = (kind: AccessKind, name: string, body: unknown, check?: Check) =>
    change(context, origin, kind, name, body, check)
  const remove = (kind: AccessKind, name: string) =>
    change(context, origin, kind, name, undefined, (tx) => mustBeThereToRemove(tx, kind, name))

  return {
    async policies() {
      const stored = await all<Policy>(context, origin, 'policy')
      const initial = [...INITIAL_POLICIES.values()].filter(
        ({ name }) => !stored.some((policy) => policy.name === name),
      )
      return [...BUILTIN_POLICIES.values(), ...initial, ...stored]
    },
    async putPolicy(input) {
      const policy = parsePolicy(input)
      await put('policy', policy.name, policy)
    },
    async deletePolicy(input) {
      const name = checkAccessName('name', input)
      if (BUILTIN_POLICIES.has(name)) {
        throw new CofferError('invalid_policy', `The policy ${name} is built in.`)
      }
      await remove('policy', name)
    },
    roles: () => all<Role>(context, origin, 'role'),
    async putRole(input) {
      const name = checkAccessName('name', input.name)
      const role: Role = { name, policies: names('policies', input.policies) }
      await put('role', name, role, (tx) => policiesExist(tx, role.policies))
    },
    deleteRole: async (name) => remove('role', checkAccessName('name', name)),
    actors: () => all<ActorRecord>(context, origin, 'actor'),
    async putActor(input) {
      const actor: ActorRecord = {
        name: checkActor(input.name),
        policies: names('policies', input.policies),
        roles: names('roles', input.roles),
      }
      await put('actor', actor.name, actor, async (tx) => {
        await policiesExist(tx, actor.policies)
        for (const role of actor.roles) await mustBeThere(tx, 'role', role)
      })
    },
    deleteActor: async (name) => remove('actor', checkActor(name)),
    test: (question) => test(context, origin, question),
    async who(action, path, destination) {
      const actors = await all<ActorRecord>(context, origin, 'actor')
      const { holders } = await import('./identities/holders.ts')
      const subjects = [...actors.map(({ name }) => ({ actor: name })), ...(await holders(context))]
      const answers = []
      for (const subject of subjects) {
        const { actor } = subject
        answers.push({
          actor,
          answer: await answerFor(context, { actor, action, path, destination }, subject),
        })
      }
      return answers
    },
  }
}

type Check = (tx: Transaction) => Promise<void>

async function change(
  context: EngineContext,
  origin: Origin,
  kind: AccessKind,
  name: string,
  body: unknown,
  check: Check = async () => {},
): Promise<void> {
  const resource = `${kind}:${name}`
  const action: AuditAction = `${kind}.${body === undefined ? 'delete' : 'write'}`
  await transact(context, origin, { action, resource }, async (tx) => {
    tx.require('admin', resource)
    await check(tx)
    const generation = await tx.record({ action, resource })
    await tx.putNamed(kind, name, generation, body)
    await refuseLockout(context, tx)
  })
}

/** Somebody must still be able to change policies: nobody locks everybody out by mistake. */
async function refuseLockout(context: EngineContext, tx: Transaction): Promise<void> {
  for (let after: string | undefined; ;) {
    const rows = await tx.rows.heads({
      kind: 'actor',
      limit: 256,
      ...(after === undefined ? {} : { after }),
    })
    for (const row of rows) {
      const { body } = context.heads.named<ActorRecord>('actor', row.path, row.head)
      if (body.policies.includes('admin')) return
      for (const role of body.roles) {
        if ((await tx.named<Role>('role', role))?.policies.includes('admin') === true) return
      }
    }
    after = rows.at(-1)?.path
    if (after === undefined || rows.length < 256) break
  }
  throw new CofferError(
    'failed_precondition',
    'After this change nobody would have the policy admin.',
    {
      remedy: 'Give it to another actor first: `coffer actor grant local:alice --policy admin`.',
    },
  )
}

async function all<T>(context: EngineContext, origin: Origin, kind: AccessKind): Promise<T[]> {
  const resource = `${kind}:*`
  await requireAudited(context, origin, 'admin', resource, 'list')
  return context.store.read(async (rows) => {
    const found: T[] = []
    for (let after: string | undefined; ;) {
      const chunk = await rows.heads({
        kind,
        limit: 256,
        ...(after === undefined ? {} : { after }),
      })
      for (const row of chunk) found.push(context.heads.named<T>(kind, row.path, row.head).body)
      after = chunk.at(-1)?.path
      if (after === undefined || chunk.length < 256) return found
    }
  })
}

async function test(
  context: EngineContext,
  origin: Origin,
  question: AccessQuestion,
): Promise<AccessAnswer> {
  // One may always ask about oneself; about others it takes an administrator.
  const resource = `actor:${checkActor(question.actor)}`
  if (question.actor !== origin.actor) {
    await requireAudited(context, origin, 'admin', resource, 'describe')
  } else {
    await auditAllowed(context, origin, 'describe', resource)
  }
  if (question.actor === origin.actor) return answerFor(context, question, origin)
  const answer = await answerFor(context, question)
  return (await byCredential(context, question)) ?? answer
}

/**
 * For whoever is no actor that was told of, but acts by credentials with policies of their own: what the
 * first of them says that allows it, else what the first says.
 */
async function byCredential(
  context: EngineContext,
  question: AccessQuestion,
): Promise<AccessAnswer | undefined> {
  if ((await context.access.load({ actor: question.actor })).grants !== undefined) return undefined
  const { holders } = await import('./identities/holders.ts')
  const answers: AccessAnswer[] = []
  for (const subject of await holders(context)) {
    if (subject.actor !== question.actor) continue
    answers.push(await answerFor(context, question, subject))
  }
  return answers.find(({ allowed }) => allowed) ?? answers[0]
}

async function answerFor(
  context: EngineContext,
  question: AccessQuestion,
  subject: Subject = { actor: question.actor },
): Promise<AccessAnswer> {
  const action = ACTIONS.find((known) => known === question.action)
  if (action === undefined) {
    throw new CofferError('invalid_argument', `The actions are ${ACTIONS.join(', ')}.`)
  }
  const path = canonicalPath(question.path)
  const destination = destinationOf(question)
  const access: ActorAccess = await context.access.load(subject)
  const { decision, reasons } = explain({
    actor: question.actor,
    grants: access.grants,
    access: access.compiled,
    question: {
      action,
      path,
      labels: [question.label ?? CURRENT],
      destination,
      at: question.at ?? context.clock(),
    },
  })
  return { allowed: decision.allowed, reasons }
}

/** Only of `deliver`, which goes nowhere without. @throws `invalid_argument` */
function destinationOf({ action, destination }: AccessQuestion): string | undefined {
  if ((action === 'deliver') === (destination !== undefined)) {
    return destination === undefined ? undefined : checkDestination(destination)
  }
  throw new CofferError(
    'invalid_argument',
    'Whether something may be delivered is asked with its destination, and nothing else with one.',
  )
}
