/**
 * One durable write after the other (sealed, authenticated, in the store and in the audit log before
 * it is acknowledged), over a bare commit at synchronous=FULL and one write + fdatasync.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { alternate, percent, rate } from './measure.ts'

export async function measure(): Promise<Row[]> {
  return withPlatform(1_000, async (platform, { dataDir }) => {
    const coffer = platform.as(ACTOR)
    const db = new DatabaseSync(join(dataDir, 'floor.db'))
    db.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (n, b BLOB)')
    const insert = db.prepare('INSERT INTO t VALUES (?, ?)')
    const fd = openSync(join(dataDir, 'floor.log'), 'a')
    const line = Buffer.alloc(600, 0x41)
    const row = Buffer.alloc(600, 0x42)
    let n = 0
    const rates = await alternate(
      {
        floor: (operations) => {
          for (let i = 0; i < operations; i++) {
            db.exec('BEGIN IMMEDIATE')
            insert.run(n++, row)
            db.exec('COMMIT')
            writeSync(fd, line)
            fdatasyncSync(fd)
          }
        },
        coffer: async (operations) => {
          for (let i = 0; i < operations; i++) {
            await coffer.write(pathOf(n++ % 1_000), { value: `another value ${n}` })
          }
        },
      },
      // V8 has compiled most of a write after the first two thousand.
      { operations: 400, rounds: 25 },
    )
    closeSync(fd)
    db.close()
    const ratio = rates.coffer!.perSecond / rates.floor!.perSecond
    return [
      {
        what: 'durable write, serial, over bare commit (synchronous=FULL) + write + fdatasync',
        measured: `${percent(ratio)} (${rate(rates.coffer!)} over ${rate(rates.floor!)})`,
        reach: '>= 80 %',
        ok: ratio >= 0.8,
      },
    ]
  })
}
