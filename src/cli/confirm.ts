import { CofferError } from '../core/errors.ts'
import type { Session } from './session.ts'

/**
 * Returns when a person said yes, or `--yes` did.
 * @throws CofferError `cancelled` on a no, `invalid_argument` where nobody can be asked
 */
export async function confirmed(session: Session, question: string, yes: boolean): Promise<void> {
  if (yes) return
  const { confirm, stdin } = session.world
  if (confirm === undefined || !stdin.isTTY || session.out.json) {
    throw new CofferError('invalid_argument', `${question} Nobody can be asked here.`, {
      remedy: 'Add --yes if it is meant.',
    })
  }
  if (!(await confirm(question))) throw new CofferError('cancelled', 'Nothing was changed.')
}
