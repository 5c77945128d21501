import { dispatchHelp } from '../help-for.ts'
import type { Handler } from '../spec.ts'
import type { help } from '../specs/self.ts'

export const handle: Handler<typeof help> = async ({ rest }, session) => {
  session.out.raw(await dispatchHelp(rest))
}
