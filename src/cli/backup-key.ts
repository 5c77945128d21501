import { CofferError } from '../core/errors.ts'
import type { BackupKey } from '../compose.ts'
import { readFile } from './files.ts'
import { usage } from './parse.ts'
import type { Session } from './session.ts'

const FILE_BYTES_MAX = 65_536

/** From a file, or asked for: twice when it is a new one. @throws CofferError `backup_key` */
export async function backupPassphrase(
  session: Session,
  file: string | undefined,
  fresh: boolean,
): Promise<string> {
  if (file !== undefined) {
    const text = Buffer.from(readFile(file, FILE_BYTES_MAX))
      .toString('utf8')
      .replace(/\r?\n$/, '')
    if (text !== '') return text
    throw new CofferError('backup_key', `${file} is empty.`)
  }
  const { prompt, stdin } = session.world
  if (prompt === undefined || !stdin.isTTY) {
    throw usage(
      'The key of the backup is missing.',
      fresh
        ? 'Give --recipient age1…, or --backup-passphrase-file FILE.'
        : 'Give --identity-file FILE, or --backup-passphrase-file FILE.',
    )
  }
  const first = await prompt('Passphrase of the backup (not shown):')
  if (first === '') throw new CofferError('backup_key', 'A passphrase has at least one character.')
  if (fresh && (await prompt('The same again:')) !== first) {
    throw new CofferError('backup_key', 'The two passphrases differ; nothing was written.')
  }
  return first
}

/** What opens a backup: the identities of a file, or a passphrase. */
export async function openingKey(
  session: Session,
  options: {
    readonly 'identity-file': string | undefined
    readonly 'backup-passphrase-file': string | undefined
  },
): Promise<BackupKey> {
  const file = options['identity-file']
  if (file === undefined) {
    return { passphrase: await backupPassphrase(session, options['backup-passphrase-file'], false) }
  }
  const identities = Buffer.from(readFile(file, FILE_BYTES_MAX))
    .toString('utf8')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (identities.length > 0) return { identities }
  throw new CofferError('backup_key', `${file} holds no age identity.`)
}
