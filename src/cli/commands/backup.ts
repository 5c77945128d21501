import { backupPassphrase } from '../backup-key.ts'
import { counted } from '../counted.ts'
import { usage } from '../parse.ts'
import type { Handler } from '../spec.ts'
import type { backup } from '../specs/store.ts'

export const handle: Handler<typeof backup> = async ({ options, args: [file] }, session) => {
  const passphraseFile = options['backup-passphrase-file']
  const recipients = options.recipient
  if (recipients.length > 0 && passphraseFile !== undefined) {
    throw usage('--recipient and --backup-passphrase-file exclude each other.')
  }
  const key =
    recipients.length > 0
      ? { recipients }
      : { passphrase: await backupPassphrase(session, passphraseFile, true) }
  const platform = await session.platform()
  const progress = await session.out.progress('backing up')
  const report = await platform.backup(file, {
    ...(await session.operator()),
    ...key,
    withDamaged: options['with-damaged'],
    ...(progress === undefined ? {} : { progress }),
  })
  await session.out.result(report, () => {
    session.out.note(
      `${counted(report.secrets, 'secret')}, ${counted(report.versions, 'version')} written to ${report.file} (${report.bytes} bytes)`,
    )
    session.out.note(`A restore also needs the root key ${report.fingerprint}.`)
    if (report.damaged > 0) {
      session.out.warn(
        `${report.damaged} of it damaged (see \`coffer doctor\`): a restore needs --without-damaged.`,
      )
    }
  })
}
