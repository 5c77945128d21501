import { hasOwnPolicies } from '../core/policy/credential.ts'
import { usage } from './parse.ts'
import type { Session } from './session.ts'

type Change = (held: readonly string[], named: readonly string[]) => readonly string[]

/** Changes an actor's policies and roles; an actor that is not known yet begins with none. */
export async function changeGrants(
  session: Session,
  name: string,
  named: { readonly policy: readonly string[]; readonly role: readonly string[] },
  change: Change,
): Promise<void> {
  if (named.policy.length + named.role.length === 0) throw usage('Name a --policy or a --role.')
  const { access } = await session.coffer()
  const held = (await access.actors()).find((actor) => actor.name === name)
  const actor = {
    name,
    policies: change(held?.policies ?? [], named.policy),
    roles: change(held?.roles ?? [], named.role),
  }
  await access.putActor(actor)
  if (hasOwnPolicies(name))
    session.out.warn(`A credential has policies of its own: what ${name} is given does not count.`)
  const shown = (names: readonly string[]) => (names.length === 0 ? 'none' : names.join(', '))
  await session.out.result(actor, () =>
    session.out.note(`${name} has policies ${shown(actor.policies)}; roles ${shown(actor.roles)}`),
  )
}
