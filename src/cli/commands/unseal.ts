import type { ServerSealStatus } from '../../client/operations.ts'
import { CofferError } from '../../core/errors.ts'
import { usage } from '../parse.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { unseal } from '../specs/seal.ts'

export const handle: Handler<typeof unseal> = async ({ options }, session) => {
  if (options.status && options.reset) throw usage('--status and --reset exclude each other.')
  const { server } = await session.client()
  let status = options.reset ? await server.resetUnseal() : await server.sealStatus()
  if (!options.status && !options.reset && status.sealed) {
    for (const share of await sharesOf(session, status)) {
      const before = status.progress
      status = await server.unseal(share)
      if (status.sealed && status.progress === before) session.out.warn(AGAIN)
    }
  }
  await session.out.result(status, () => session.out.line(told(status)))
}

const BYTES_MAX = 65_536
const AGAIN = 'This share was given before: it counts once.'

async function sharesOf(
  { world }: Session,
  { progress, threshold }: ServerSealStatus,
): Promise<readonly string[]> {
  const { stdin, prompt } = world
  if (stdin.isTTY && prompt === undefined) {
    throw usage('There is no terminal to ask on.', 'Give shares on stdin, one on each line.')
  }
  const text =
    stdin.isTTY && prompt !== undefined
      ? await prompt(`Share ${progress + 1} of ${threshold} (not shown):`)
      : Buffer.from(stdin.readAll(BYTES_MAX)).toString('utf8')
  const shares = text.split('\n').filter((line) => line.trim() !== '')
  if (shares.length > 0) return shares
  throw new CofferError('invalid_argument', 'No share was given.')
}

function told({ sealed, progress, threshold }: ServerSealStatus): string {
  if (!sealed) return 'The store is open.'
  return `The store is sealed: ${progress} of ${threshold} shares were given.`
}
