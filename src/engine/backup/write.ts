import type { BackupOptions, BackupReport } from '../../core/ports/platform.ts'
import type { StoreReader } from '../../core/ports/store.ts'
import { operatorOrigin } from '../actors.ts'
import { auditFailure, requireAudited } from '../audited.ts'
import type { EngineContext } from '../context.ts'
import { backupBody, backupHeader } from './format.ts'

/** Encrypts a backup's text into a file; returns its bytes. */
export type BackupWriter = (
  file: string,
  keys: Pick<BackupOptions, 'recipients' | 'passphrase'>,
  text: AsyncIterable<string>,
) => Promise<number>

/** A consistent copy of one snapshot, while the store is in use. @throws `denied`, `store_*` */
export async function backup(
  context: EngineContext,
  writer: BackupWriter,
  file: string,
  { recipients, passphrase, progress, ...operator }: BackupOptions,
): Promise<BackupReport> {
  const origin = operatorOrigin(operator)
  await requireAudited(context, origin, 'backup', 'store:backup', 'backup')
  const write = async (rows: StoreReader): Promise<BackupReport> => {
    const header = await backupHeader(rows, context.clock())
    async function* text() {
      yield `${JSON.stringify(header)}\n`
      yield* backupBody(rows, (done) => progress?.(done, header.versions))
    }
    const keys = {
      ...(recipients === undefined ? {} : { recipients }),
      ...(passphrase === undefined ? {} : { passphrase }),
    }
    const bytes = await writer(file, keys, text())
    const { secrets, versions, generation, fingerprint } = header
    return { file, bytes, secrets, versions, generation, fingerprint }
  }
  try {
    return await context.store.read(write)
  } catch (error) {
    const attempt = { action: 'backup', resource: 'store:backup' } as const
    await auditFailure(context, origin, attempt, error)
    throw error
  }
}
