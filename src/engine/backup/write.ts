import { CofferError } from '../../core/errors.ts'
import type { BackupOptions, BackupReport, Progress } from '../../core/ports/platform.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import { operatorOrigin } from '../actors.ts'
import { auditFailure, requireAudited } from '../audited.ts'
import type { EngineContext } from '../context.ts'
import { inspectRows } from '../integrity.ts'
import { refuseUnsound } from '../sound-store.ts'
import { backupBody, backupHeader } from './format.ts'

/** Encrypts a backup's text into a file; returns its bytes. */
export type BackupWriter = (
  file: string,
  keys: Pick<BackupOptions, 'recipients' | 'passphrase'>,
  text: AsyncIterable<string>,
) => Promise<number>

/**
 * A consistent copy of one snapshot, while the store is in use. All of it is opened first: a backup that
 * cannot be restored is none, and would take the place of the last one that can.
 * @throws `denied`, `store_*`, `corrupt`
 */
export async function backup(
  context: EngineContext,
  writer: BackupWriter,
  file: string,
  { recipients, passphrase, withDamaged, progress, ...operator }: BackupOptions,
): Promise<BackupReport> {
  const origin = operatorOrigin(operator)
  await requireAudited(context, origin, 'backup', 'store:backup', 'backup')
  // What an index finds is opened, what stands in the rows is written: they must be the same.
  if (withDamaged !== true) await refuseUnsound(context, origin, 'backup')
  const write = async (rows: StoreReader): Promise<BackupReport> => {
    const header = await backupHeader(rows, context.clock())
    const total = header.versions * 2
    const damaged = await damagedIn(context, rows, (done) => progress?.(done, total))
    if (damaged.length > 0 && withDamaged !== true) throw notToBeRestored(damaged)
    async function* text() {
      yield `${JSON.stringify(header)}\n`
      yield* backupBody(rows, (done) => progress?.(header.versions + done, total))
    }
    const keys = {
      ...(recipients === undefined ? {} : { recipients }),
      ...(passphrase === undefined ? {} : { passphrase }),
    }
    const bytes = await writer(file, keys, text())
    const { secrets, versions, generation, fingerprint } = header
    return { file, bytes, secrets, versions, generation, fingerprint, damaged: damaged.length }
  }
  try {
    return await context.store.read(write)
  } catch (error) {
    const attempt = { action: 'backup', resource: 'store:backup' } as const
    await auditFailure(context, origin, attempt, error)
    throw error
  }
}

const NAMED_MAX = 10

/** Heads that do not open, or with versions that do not. @throws `corrupt` when rows were exchanged */
async function damagedIn(
  context: EngineContext,
  rows: StoreReader,
  progress: Progress,
): Promise<readonly string[]> {
  const { problems, digestOk } = await inspectRows(context, rows, { values: true, progress })
  if (problems.length === 0 && !digestOk) {
    throw new CofferError(
      'corrupt',
      'No backup was written: rows were put back, removed or exchanged behind our back.',
      {
        remedy:
          'Run `coffer doctor`. When it was you, `coffer doctor --accept-restored`, and back up again.',
      },
    )
  }
  return problems.map(({ name }) => name)
}

function notToBeRestored(damaged: readonly string[]): CofferError {
  const named = damaged.slice(0, NAMED_MAX).join(', ')
  const more = damaged.length > NAMED_MAX ? ` and ${damaged.length - NAMED_MAX} more` : ''
  return new CofferError(
    'corrupt',
    `No backup was written, since a restore would refuse it: ${named}${more} cannot be opened.`,
    {
      remedy:
        'Mend that first (docs/runbooks/damage.md), or take it along with --with-damaged, into another file than the last whole backup.',
      details: { damaged: [...damaged] },
    },
  )
}
