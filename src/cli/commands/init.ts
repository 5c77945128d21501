import { isCofferError } from '../../core/errors.ts'
import { makeStore, placeForStore } from '../make-store.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { init } from '../specs/store.ts'

export const handle: Handler<typeof init> = async ({ options }, session) => {
  if (!options.manifest) return begin(options, session)
  const { beginManifest } = await import('../first-manifest.ts')
  session.out.note(beginManifest(session.world.cwd))
  if ((await session.serverPlace()) !== undefined) return
  try {
    await begin(options, session)
  } catch (error) {
    if (!isCofferError(error, 'store_exists')) throw error
  }
}

async function begin(options: OptionsOf<typeof init>, session: Session): Promise<void> {
  const place = await placeForStore(session, options)
  const { report, recorded } = await makeStore(session, place, options).catch((error: unknown) => {
    if (isCofferError(error, 'store_exists'))
      session.out.note(`The store in ${place.dataDir} is left as it is.`)
    throw error
  })
  const { from } = await session.dataDir()
  const next = await nextStep(options.manifest, session)
  await session.out.result({ ...report, recorded }, () => {
    session.out.note(`Store ${report.storeId} made in ${report.dataDir}`)
    session.out.note(`Sealed by ${report.seal}; root key ${report.fingerprint}`)
    for (const share of report.shares) session.out.line(share)
    for (const note of [...report.notes, ...recorded]) session.out.warn(note)
    if (from === 'option' && !place.inProject)
      session.out.note(
        `Later commands find it with --data-dir or COFFER_DATA_DIR=${report.dataDir}`,
      )
    session.out.note(`Next: ${next}`)
  })
}

async function nextStep(manifest: boolean, session: Session): Promise<string> {
  if (manifest) return 'name secrets in coffer.yaml, then coffer check'
  // A file with mistakes is told of by whatever reads it next; the store is made.
  const project = await session.project().catch(() => undefined)
  return project?.manifest === undefined
    ? 'coffer import .env --prefix PROJECT/ENV/SERVICE, or coffer set PATH'
    : 'coffer check says what is missing, coffer docs env how to set it'
}
