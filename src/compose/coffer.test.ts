import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initPlatform, openPlatform } from '../compose.ts'
import { cofferContract } from '../testing/coffer-contract.ts'

const ADMIN = 'local:admin'

cofferContract('local engine, SQLite', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-contract-'))
  let now = Date.now()
  const options = {
    dataDir: join(dir, 'data'),
    env: { COFFER_MASTER_KEY: randomBytes(32).toString('hex') },
    clock: () => now,
  }
  await initPlatform({ ...options, admin: ADMIN })
  const platform = await openPlatform(options)
  return {
    admin: ADMIN,
    as: (actor) => platform.as(actor),
    now: () => now,
    advance: (ms) => {
      now += ms
    },
    async close() {
      await platform.close()
      rmSync(dir, { recursive: true, force: true })
    },
  }
})
