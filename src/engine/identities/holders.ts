import type { Grants, JwtRole } from '../../core/ports/identities.ts'
import type { EngineContext, Subject } from '../context.ts'
import { actorOfRole } from './approle-login.ts'
import { credentialsOf } from './listing.ts'
import { liveToken } from './live-token.ts'
import type { AccessKeyRow, AppRoleRow, Find } from './rows.ts'
import { bearerOfRole } from './token-settings.ts'

/**
 * Who has access by a credential that is good now, or could log in for one, with policies that came
 * with it; each once. Who acts with an actor's own policies is that actor, and not among these.
 */
export async function holders(context: EngineContext): Promise<Required<Subject>[]> {
  const now = context.clock()
  const rows = await credentialsOf<unknown>(context, '')
  const find: Find = <T>(name: string) => rows.get(name) as T | undefined
  const found = new Map<string, Required<Subject>>()
  const add = ({ actor, grants }: { actor: string; grants?: Grants | undefined }) => {
    if (grants !== undefined) found.set(JSON.stringify([actor, grants]), { actor, grants })
  }
  for (const [name, row] of rows) {
    const at = name.indexOf('/')
    const subject = await SUBJECTS[name.slice(0, at)]?.(row, now, find, name.slice(at + 1))
    if (subject !== undefined) add(subject)
  }
  return [...found.values()]
}

type SubjectOf = (
  row: unknown,
  now: number,
  find: Find,
  rest: string,
) => Subject | undefined | Promise<Subject | undefined>

const SUBJECTS: Readonly<Record<string, SubjectOf>> = {
  async token(_row, now, find, hash) {
    const live = await liveToken(find, hash, now)
    return live?.usedUp === true ? undefined : live?.record
  },
  'access-key'(row, now) {
    const { record } = row as AccessKeyRow
    const isOver = record.expiresAt !== undefined && record.expiresAt <= now
    return record.disabled || isOver ? undefined : record
  },
  approle(row) {
    const { role } = row as AppRoleRow
    return bearerOfRole(role.token, actorOfRole(role.mount, role.name))
  },
  'jwt-role'(row) {
    const { token, mount, name } = row as JwtRole
    return bearerOfRole(token, `jwt:${mount}/${name}`)
  },
}
