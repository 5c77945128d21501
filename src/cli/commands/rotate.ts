import { CofferError } from '../../core/errors.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { SecretRecord } from '../../core/record.ts'
import { combine, type Problem } from '../failure.ts'
import { usage } from '../parse.ts'
import { recordsBelow } from '../run/resolve.ts'
import { pathGiven } from '../secret-path.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { rotate } from '../specs/versions.ts'

export const handle: Handler<typeof rotate> = async ({ options, args: [given] }, session) => {
  if (options.due) return rotateDue(given ?? '', options, session)
  if (given === undefined) throw usage('Name a secret, or give --due.')
  const path = await pathGiven(session, given, options)
  const receipt = await (await session.coffer()).rotate(path, rotateOptions(options))
  await session.out.result(receipt, () =>
    session.out.note(`${receipt.path} v${receipt.version} rotated`),
  )
}

const rotateOptions = (options: OptionsOf<typeof rotate>) => ({
  length: options.length,
  token: options.token,
  ...(options.label.length === 0 ? {} : { labels: options.label }),
})

/** Each due secret by itself: what one refuses does not stop the others. */
async function rotateDue(
  prefix: string,
  options: OptionsOf<typeof rotate>,
  session: Session,
): Promise<void> {
  if (options.token !== undefined) throw usage('--token goes with one secret, not with --due.')
  if (options.env !== undefined) throw usage('--env goes with one secret, not with --due.')
  const coffer = await session.coffer()
  const due = await dueBelow(coffer, canonicalPrefix(prefix))
  const automatic = due.filter((record) => record.rotation?.automatic === true)
  const byHand = due.filter((record) => record.rotation?.automatic !== true).map(({ path }) => path)
  const progress = await session.out.progress('rotating')
  const rotated: { path: string; version: number }[] = []
  const problems: Problem[] = []
  for (const [done, record] of automatic.entries()) {
    try {
      const { path, version } = await coffer.rotate(record.path, rotateOptions(options))
      rotated.push({ path, version })
    } catch (error) {
      problems.push({ subject: record.path, error })
    }
    progress?.(done + 1, automatic.length)
  }
  await session.out.result(
    {
      rotated,
      byHand,
      failed: problems.map(({ subject, error }) => ({
        path: subject,
        code: error instanceof CofferError ? error.code : 'internal',
      })),
    },
    () => {
      for (const { path, version } of rotated) session.out.line(`${path} v${version} rotated`)
      for (const path of byHand)
        session.out.note(`${path} is due, and not automatic: rotate it by hand`)
      if (due.length === 0) session.out.note('Nothing is due.')
    },
  )
  if (problems.length > 0)
    throw combine(
      problems,
      `${problems.length} of ${automatic.length} secrets could not be rotated.`,
    )
}

async function dueBelow(coffer: Coffer, prefix: string): Promise<SecretRecord[]> {
  const records: SecretRecord[] = []
  for await (const record of recordsBelow(coffer, prefix, { where: { due: true } })) {
    records.push(record)
  }
  return records
}
