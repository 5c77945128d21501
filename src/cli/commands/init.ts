import type { InitReport } from '../../compose.ts'
import { isCofferError } from '../../core/errors.ts'
import { confirmed } from '../confirm.ts'
import type { DataDir } from '../data-dir.ts'
import { adoptProjectDir, canMake, projectRoot } from '../project-dir.ts'
import { sealNamed } from '../seal-name.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { init } from '../specs/store.ts'

export const handle: Handler<typeof init> = async ({ options }, session) => {
  const place = await session.dataDir()
  const fallback = place.from === 'default' && !canMake(place.path)
  const dataDir = fallback ? await proposed(place, options, session) : place.path
  const report = await made(dataDir, options, session)
  const recorded = fallback ? adoptProjectDir(session.world.cwd) : []
  await session.out.result({ ...report, recorded }, () => {
    session.out.note(`Store ${report.storeId} made in ${report.dataDir}`)
    session.out.note(`Sealed by ${report.seal}; root key ${report.fingerprint}`)
    for (const share of report.shares) session.out.line(share)
    for (const note of [...report.notes, ...recorded]) session.out.warn(note)
    if (place.from === 'option')
      session.out.note(`Later commands find it with --data-dir or COFFER_DATA_DIR=${dataDir}`)
    session.out.note('Next: coffer import .env --prefix PROJECT/ENV/SERVICE, or coffer set PATH')
  })
}

async function proposed(
  place: DataDir,
  options: OptionsOf<typeof init>,
  session: Session,
): Promise<string> {
  const root = projectRoot(session.world.cwd)
  const question = `${place.path} cannot be made here. Use ${root}/.coffer instead?`
  if (session.world.stdin.isTTY && !session.out.json)
    await confirmed(session, question, options.yes)
  session.out.note(`${place.path} cannot be made here: using ${root}/.coffer`)
  return `${root}/.coffer`
}

async function made(
  dataDir: string,
  options: OptionsOf<typeof init>,
  session: Session,
): Promise<InitReport> {
  const { initPlatform } = await session.compose()
  try {
    return await initPlatform({
      ...(await session.options()),
      dataDir,
      ...(options.seal === undefined ? {} : { seal: sealNamed(options.seal) }),
      admin: options.admin ?? session.globals.as,
    })
  } catch (error) {
    if (isCofferError(error, 'store_exists'))
      session.out.note(`The store in ${dataDir} is left as it is.`)
    throw error
  }
}
