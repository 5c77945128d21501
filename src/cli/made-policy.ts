import { CofferError } from '../core/errors.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { Coffer } from '../core/ports/coffer.ts'

/**
 * Returns when none of the policies stands in the place of another: `a-b` and `c`, `a` and `b-c` have
 * one name. By its description it is known what a policy was made of.
 * @throws CofferError `already_exists`
 */
export async function checkReplaces(
  { policies }: Coffer['access'],
  made: readonly Policy[],
): Promise<void> {
  const there = new Map((await policies()).map((policy) => [policy.name, policy.description]))
  const other = made.find(
    ({ name, description }) => there.has(name) && there.get(name) !== description,
  )
  if (other === undefined) return
  throw new CofferError('already_exists', `There is a policy ${other.name} of something else.`, {
    remedy: `Write one of another name by hand: look at \`coffer policy show ${other.name}\`.`,
  })
}

/** What a stored policy allows, and the one that is made now does not. */
export interface Withdrawn {
  readonly policy: string
  readonly path: string
  readonly destination?: string | undefined
}

/** Of the policies that were made of the same before. */
export async function withdrawnBy(
  { policies }: Coffer['access'],
  made: readonly Policy[],
): Promise<readonly Withdrawn[]> {
  const there = new Map((await policies()).map((policy) => [policy.name, policy]))
  return made.flatMap((policy) => {
    const before = there.get(policy.name)
    if (before === undefined || before.description !== policy.description) return []
    const now = new Set(allowedBy(policy).map((one) => JSON.stringify(one)))
    return allowedBy(before).filter((one) => !now.has(JSON.stringify(one)))
  })
}

/** What the policy that is made now allows, and the stored one of its name does not. */
export async function addedBy(
  { policies }: Coffer['access'],
  made: Policy,
): Promise<readonly Withdrawn[]> {
  const before = (await policies()).find(({ name }) => name === made.name)
  const had = new Set((before ? allowedBy(before) : []).map((one) => JSON.stringify(one)))
  return allowedBy(made).filter((one) => !had.has(JSON.stringify(one)))
}

function allowedBy({ name: policy, rules }: Policy): readonly Withdrawn[] {
  return rules.flatMap(({ effect, paths, conditions }) =>
    effect === 'deny'
      ? []
      : paths.flatMap((path) =>
          (conditions?.destinations ?? [undefined]).map((destination) => ({
            policy,
            path,
            destination,
          })),
        ),
  )
}

/** Stores the policy, and gives it to the actor besides what that has. */
export async function putAndGive(
  access: Coffer['access'],
  actor: string,
  policy: Policy,
): Promise<void> {
  await access.putPolicy(policy)
  const { policies = [], roles = [] } =
    (await access.actors()).find(({ name }) => name === actor) ?? {}
  if (policies.includes(policy.name)) return
  await access.putActor({ name: actor, policies: [...policies, policy.name], roles })
}
