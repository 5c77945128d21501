import { environmentsOf } from '../../config/generate/environments.ts'
import { workloadPoliciesOf } from '../../config/generate/workload-policies.ts'
import type { WorkloadPolicy } from '../../config/generate/workload-policies.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import { confirmed } from '../confirm.ts'
import { manifestHere } from '../generated.ts'
import { checkReplaces, putAndGive, withdrawnBy } from '../made-policy.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'policy', 'workloads'>> = async ({ options }, session) => {
  const manifest = await manifestHere(session)
  const wanted = workloadPoliciesOf(manifest, environmentsOf(manifest, options.env))
  const { access } = await session.coffer()
  const missing: Missing[] = []
  for (const workload of wanted) missing.push(...(await missingOf(access, workload)))
  const withdrawn = await withdrawnBy(
    access,
    wanted.map(({ policy }) => policy),
  )
  const changed = wanted.filter(
    ({ actor, policy: { name } }) =>
      missing.some((one) => one.actor === actor) || withdrawn.some(({ policy }) => policy === name),
  )
  await session.out.result(
    { missing, withdrawn, policies: changed.map(({ actor, policy }) => ({ actor, policy })) },
    async () => {
      await session.out.table(missing, [
        { title: 'ACTOR', cell: ({ actor }) => actor },
        { title: 'SECRET', cell: ({ path }) => path },
      ])
      await session.out.table(withdrawn, [
        { title: 'POLICY', cell: ({ policy }) => policy },
        { title: 'NO LONGER USED', cell: ({ path }) => path },
      ])
      if (changed.length > 0) return
      session.out.note(
        wanted.some(({ paths }) => paths.length > 0)
          ? 'Every workload may read what it uses.'
          : 'No workload uses a secret that is kept here.',
      )
    },
  )
  if (changed.length === 0) return
  await checkReplaces(
    access,
    changed.map(({ policy }) => policy),
  )
  await confirmed(session, QUESTIONS[missing.length > 0 ? 'give' : 'take'], options.yes)
  for (const { actor, policy } of changed) {
    await putAndGive(access, actor, policy)
    session.out.note(`policy ${policy.name} stored, and given to ${actor}`)
  }
}

const QUESTIONS = {
  give: 'Allow them to read these, each by a policy of its own?',
  take: 'Take these out of the policies?',
}

type Access = Coffer['access']

interface Missing {
  readonly actor: string
  readonly path: string
}

async function missingOf(access: Access, { actor, paths }: WorkloadPolicy): Promise<Missing[]> {
  const missing: Missing[] = []
  for (const path of paths) {
    const { allowed } = await access.test({ actor, action: 'read', path })
    if (!allowed) missing.push({ actor, path })
  }
  return missing
}
