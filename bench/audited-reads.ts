/**
 * Reads whose audit events are durable before the value is handed out, 64 in flight, over a serial
 * write + fdatasync, and over themselves with the flush left to the operating system.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { openFileLog } from '../src/adapters/logs/file-log.ts'
import { nodeFs } from '../src/adapters/logs/log-fs.ts'
import { openSqliteStore } from '../src/adapters/stores/sqlite.ts'
import { parseRootKey } from '../src/crypto/root-key.ts'
import { openKeyring } from '../src/crypto/keyring.ts'
import { createContext } from '../src/engine/engine.ts'
import { createKeyHolder, KEYRING } from '../src/engine/keys/holder.ts'
import { readOne } from '../src/engine/secrets/read.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { alternate, percent, rate } from './measure.ts'
import { randomBytes } from 'node:crypto'

const SECRETS = 1_000
const IN_FLIGHT = 64

export async function measure(): Promise<Row[]> {
  return withPlatform(SECRETS, async (_platform, { dataDir, env }) => {
    const store = await openSqliteStore({ file: join(dataDir, 'coffer.db'), mustExist: true })
    const blob = await store.read((rows) => rows.blob(KEYRING))
    if (blob === undefined) throw new Error('no keyring')
    const rootKey = parseRootKey(env?.['COFFER_MASTER_KEY'] ?? '')
    const keyring = openKeyring(blob, rootKey)

    const reader = async (name: string, fs: typeof nodeFs) => {
      const log = await openFileLog({
        dir: join(dataDir, name),
        storeId: keyring.storeId,
        signer: keyring.auditSigner,
        outbox: { after: async () => [] },
        sinks: [],
        clock: Date.now,
        random: randomBytes,
        fs,
      })
      const context = createContext({
        store,
        log,
        keys: createKeyHolder(keyring, rootKey),
        clock: Date.now,
        random: randomBytes,
        valueBytesMax: 65_536,
      })
      const work = async (operations: number) => {
        let next = 0
        const lane = async () => {
          while (next < operations) {
            await readOne(context, { actor: ACTOR }, { path: pathOf(next++ % SECRETS) })
          }
        }
        await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
      }
      return { work, close: () => log.close() }
    }

    const durable = await reader('audit-durable', nodeFs)
    const lazy = await reader('audit-lazy', {
      ...nodeFs,
      sync: () => {},
      syncLater: async () => {},
    })
    const fd = openSync(join(dataDir, 'floor'), 'a')
    const line = Buffer.alloc(400, 0x41)
    const rates = await alternate(
      {
        floor: (operations) => {
          for (let i = 0; i < operations / 16; i++) {
            writeSync(fd, line)
            fdatasyncSync(fd)
          }
        },
        durable: durable.work,
        lazy: lazy.work,
      },
      { operations: 8_000 },
    )
    closeSync(fd)
    await durable.close()
    await lazy.close()
    await store.close()
    const floor = rates.floor!.perSecond / 16
    const overFloor = rates.durable!.perSecond / floor
    const overLazy = rates.durable!.perSecond / rates.lazy!.perSecond
    return [
      {
        what: 'audited durable reads, 64 in flight, over serial write + fdatasync',
        measured: `${overFloor.toFixed(1)} x (${rate(rates.durable!)} over ${Math.round(floor)}/s)`,
        reach: '>= 4 x',
        ok: overFloor >= 4,
      },
      {
        what: 'the same over the flush left to the system',
        measured: `${percent(overLazy)} (${rate(rates.lazy!)})`,
        reach: '>= 55 %',
        ok: overLazy >= 0.55,
      },
    ]
  })
}
