import { CofferError, ERRORS, isCofferError } from '../../core/errors.ts'
import type { DoctorReport } from '../../core/ports/platform.ts'
import { confirmed } from '../confirm.ts'
import type { Operations, Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { doctor } from '../specs/store.ts'

export const handle: Handler<typeof doctor> = async ({ options }, session) => {
  const report = options['accept-restored']
    ? await accept(session, options.yes)
    : await examine(session)
  await session.out.result(report, async () => {
    await session.out.table(report.checks, [
      {
        title: 'OK',
        cell: (check) => (check.ok ? 'yes' : 'NO'),
        style: (check) => (check.ok ? 'green' : 'red'),
      },
      { title: 'CHECK', cell: (check) => check.name },
      { title: 'DETAIL', cell: (check) => check.detail },
      { title: 'CODE', cell: (check) => check.code },
    ])
    for (const { ok, name, remedy } of report.checks) {
      if (!ok && remedy !== undefined) session.out.warn(`${name}: try: ${remedy}`)
    }
    session.out.note(report.ok ? 'All is well.' : 'Something is wrong.')
  })
  return report.ok ? 0 : 1
}

async function examine(session: Session): Promise<DoctorReport> {
  const platform = await opened(session)
  const progress = await session.out.progress('checking')
  return platform.doctor({
    ...(await session.operator()),
    ...(progress === undefined ? {} : { progress }),
  })
}

/** @throws CofferError; what says to run the doctor says here what comes after that */
async function opened(session: Session): Promise<Operations> {
  try {
    return await session.platform()
  } catch (error) {
    if (!isCofferError(error, 'corrupt') || error.remedy !== ERRORS.corrupt.remedy) throw error
    const { message, details } = error
    const remedy = 'Keep a copy of it, then restore a backup: coffer restore FILE --data-dir DIR'
    throw new CofferError('corrupt', message, { remedy, details, cause: error })
  }
}

async function accept(session: Session, yes: boolean): Promise<DoctorReport> {
  await confirmed(session, 'Accept the store as it is, and begin a new epoch?', yes)
  const { acceptRestored } = await session.compose()
  return acceptRestored({ ...(await session.options()), ...(await session.operator()) })
}
