import { CofferError } from '../../core/errors.ts'
import type { BackupInspection } from '../../compose.ts'
import { counted } from '../counted.ts'
import { openingKey } from '../backup-key.ts'
import { iso } from '../records.ts'
import type { Session } from '../session.ts'
import type { Handler } from '../spec.ts'
import type { restore } from '../specs/store.ts'
import { shownInstant } from '../time.ts'

export const handle: Handler<typeof restore> = async ({ options, args: [file] }, session) => {
  const { inspectBackup, restorePlatform } = await session.compose()
  const platformOptions = { ...(await session.options()), ...(await openingKey(session, options)) }
  const inspection = await inspectBackup(file, platformOptions)
  if (options.inspect) {
    await session.out.result({ ...inspection, createdAt: iso(inspection.createdAt) }, () =>
      describe(inspection, session),
    )
    return
  }
  if (!session.out.json) describe(inspection, session)
  if (!inspection.keyHeld) throw keyMissing(inspection)
  const progress = await session.out.progress('restoring')
  const report = await restorePlatform(file, {
    ...platformOptions,
    ...(await session.operator()),
    withoutDamaged: options['without-damaged'],
    ...(progress === undefined ? {} : { progress }),
  })
  await session.out.result(report, () => {
    session.out.note(
      `Restored ${counted(report.secrets, 'secret')}, ${counted(report.versions, 'version')} into ${platformOptions.dataDir}`,
    )
    for (const name of report.leftOut) session.out.warn(`left out, since it was damaged: ${name}`)
    if (!report.digestOk) session.out.warn(NOT_PROVEN)
  })
}

const NOT_PROVEN =
  'With a secret less nobody can prove that the rest is whole and of one moment, policies included: compare it with an older backup or with the audit log.'

function describe(inspection: BackupInspection, session: Session): void {
  const print = session.out.line
  print(`store      ${inspection.storeId}`)
  print(`made       ${shownInstant(inspection.createdAt) ?? ''}`)
  print(
    `holds      ${counted(inspection.secrets, 'secret')}, ${counted(inspection.versions, 'version')} (generation ${inspection.generation})`,
  )
  print(
    `root key   ${inspection.fingerprint} (seal ${inspection.sealKind}): ${inspection.keyHeld ? 'held here' : 'not held here'}`,
  )
}

const keyMissing = ({ fingerprint, sealKind }: BackupInspection) =>
  new CofferError(
    'wrong_key',
    `The backup needs the root key ${fingerprint}, which is not held here; nothing was touched.`,
    {
      remedy: `Give that key (it was sealed by ${sealKind}): COFFER_MASTER_KEY, --key-file or --passphrase-file.`,
      details: { wanted: fingerprint },
    },
  )
