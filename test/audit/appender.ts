import { writeSync } from 'node:fs'
import { openFileLog } from '../../src/adapters/logs/file-log.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { event, quickFs, SIGNER, STORE_ID } from './scratch-log.ts'

/**
 * A process that appends to the log in `argv[2]` as `argv[3]` until it is killed or has done
 * `argv[4]` rounds, and prints each resource when it was told that it is durable. Its disk is quick
 * and lies: killing a process loses nothing that was written.
 */
const [, , dir, name, rounds] = process.argv as [string, string, string, string, string]
const log = await openFileLog({
  dir,
  storeId: STORE_ID,
  signer: SIGNER,
  outbox: { after: async () => [] },
  sinks: [],
  clock: Date.now,
  random: seededRandom(name),
  segmentBytesMax: 20_000,
  fs: quickFs,
})
for (let round = 0; round < Number(rounds); round++) {
  await Promise.all(
    [0, 1, 2].map(async (n) => {
      const resource = `${name}/${round}/${n}`
      await log.append([event(resource)])
      writeSync(1, `${resource}\n`)
    }),
  )
}
await log.close()
