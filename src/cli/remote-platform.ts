import type { ConnectedCoffer } from '../client/connect.ts'
import type { BackupOptions, BackupReport } from '../core/ports/platform.ts'
import { atTheStore } from './remote.ts'
import type { Operations } from './session.ts'

/** What operators do, done by a server. Its progress is not told over a network. */
export function remotePlatform(coffer: ConnectedCoffer): Operations {
  const { server } = coffer
  return {
    keys: {
      status: () => server.keyStatus(),
      rotate: () => server.rotateKeys(),
      reseal: async () => {
        throw atTheStore('A new seal')
      },
    },
    doctor: () => server.doctor(),
    sweep: () => server.sweep(),
    startSweeping: () => async () => {},
    backup: (file, options) => backup(coffer, file, options),
  }
}

async function backup(
  { server }: ConnectedCoffer,
  file: string,
  { recipients, passphrase, withDamaged }: BackupOptions,
): Promise<BackupReport> {
  const { privateFile } = await import('./files.ts')
  const key = passphrase === undefined ? { recipients: recipients ?? [] } : { passphrase }
  const { report, content } = await server.backup({ ...key, withDamaged })
  const writing = privateFile(file)
  try {
    for await (const chunk of content) writing.write(chunk)
    writing.finish()
  } catch (error) {
    writing.abandon()
    throw error
  }
  return { ...report, file }
}
