import { changeGrants } from '../grants.ts'
import type { Handler } from '../spec.ts'
import type { Sub } from '../specs/sub.ts'

export const handle: Handler<Sub<'actor', 'grant'>> = ({ options, args: [name] }, session) =>
  changeGrants(session, name, options, (held, named) => [...new Set([...held, ...named])])
