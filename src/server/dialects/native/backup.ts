import { createReadStream } from 'node:fs'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BackupBody } from '../../../client/wire/platform.ts'
import type { z } from 'zod'
import type { Call } from './route.ts'
import { operatorOf } from './route.ts'

/**
 * Answers with a backup, whole or not at all: it is made as an encrypted file in a directory that
 * only this user can enter (0700), sent from there, and removed however that ends.
 */
export async function sendBackup(call: Call<unknown, z.infer<typeof BackupBody>>): Promise<void> {
  const { server, reply, body } = call
  const dir = await mkdtemp(join(tmpdir(), 'coffer-backup-'))
  const remove = () => rm(dir, { recursive: true, force: true })
  try {
    const file = join(dir, 'backup.age')
    const made = await server.gate.platform().backup(file, { ...operatorOf(call), ...body })
    const { file: _here, ...report } = made
    const stream = createReadStream(file)
    stream.once('close', () => void remove())
    void reply.header('coffer-backup', JSON.stringify(report))
    void reply.header('content-length', (await stat(file)).size)
    void reply.type('application/octet-stream').send(stream)
  } catch (error) {
    await remove()
    throw error
  }
}
