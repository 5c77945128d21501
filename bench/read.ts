/**
 * An embedded read without its audit (the log is replaced by one that acknowledges at once: the
 * bench seam), over a bare SQLite get and two bare AES-GCM opens on the same file.
 */
import { createDecipheriv, createCipheriv, randomBytes, createSecretKey } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { join } from 'node:path'
import { openSqliteStore } from '../src/adapters/stores/sqlite.ts'
import type { AuditLog } from '../src/core/ports/audit-log.ts'
import { parseRootKey } from '../src/crypto/root-key.ts'
import { openKeyring } from '../src/crypto/keyring.ts'
import { createContext } from '../src/engine/engine.ts'
import { createKeyHolder, KEYRING } from '../src/engine/keys/holder.ts'
import { readOne } from '../src/engine/secrets/read.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'
import { alternate, percent, rate } from './measure.ts'

const SECRETS = 1_000

export async function measure(): Promise<Row[]> {
  return withPlatform(SECRETS, async (_platform, { dataDir, env }) => {
    const file = join(dataDir, 'coffer.db')
    const store = await openSqliteStore({ file, mustExist: true })
    const blob = await store.read((rows) => rows.blob(KEYRING))
    if (blob === undefined) throw new Error('no keyring')
    const rootKey = parseRootKey(env?.['COFFER_MASTER_KEY'] ?? '')
    const context = createContext({
      store,
      log: UNAUDITED,
      keys: createKeyHolder(openKeyring(blob, rootKey), rootKey),
      clock: Date.now,
      random: randomBytes,
      valueBytesMax: 65_536,
      checkStore: async () => {},
    })
    const floor = bareFloor(join(dataDir, 'floor.db'))
    const origin = { actor: ACTOR }
    const rates = await alternate(
      {
        floor: (operations) => {
          for (let i = 0; i < operations; i++) floor(pathOf(i % SECRETS))
        },
        coffer: async (operations) => {
          for (let i = 0; i < operations; i++)
            await readOne(context, origin, { path: pathOf(i % SECRETS) })
        },
      },
      { operations: 20_000 },
    )
    await store.close()
    const ratio = rates.coffer!.perSecond / rates.floor!.perSecond
    return [
      {
        what: 'embedded read, audit left out, over bare SQLite get + two bare AES-GCM opens',
        measured: `${percent(ratio)} (${rate(rates.coffer!)} over ${rate(rates.floor!)})`,
        reach: '>= 60 %',
        ok: ratio >= 0.6,
      },
    ]
  })
}

const UNAUDITED = {
  tail: { seq: 0, hash: '', generation: 0 },
  admit: () => Promise.resolve(),
  append: () => Promise.resolve(),
  complete: () => Promise.resolve(),
} as unknown as AuditLog

/** One row by its path from a table of its own, and the two opens that any envelope needs. */
function bareFloor(file: string): (path: string) => void {
  const db = new DatabaseSync(file)
  db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (path TEXT PRIMARY KEY, head BLOB, body BLOB)')
  const insert = db.prepare('INSERT INTO t VALUES (?, ?, ?)')
  db.exec('BEGIN')
  for (let i = 0; i < SECRETS; i++) insert.run(pathOf(i), randomBytes(300), randomBytes(160))
  db.exec('COMMIT')
  const get = db.prepare('SELECT head, body FROM t WHERE path = ?')
  const key = createSecretKey(randomBytes(32))
  const aad = randomBytes(64)
  const dek = sealed(key, randomBytes(32), aad)
  const value = sealed(key, randomBytes(64), aad)
  return (path) => {
    if (get.get(path) === undefined) throw new Error('absent')
    opened(key, dek, aad)
    opened(key, value, aad)
  }
}

type Key = ReturnType<typeof createSecretKey>
type Box = { nonce: Uint8Array; ciphertext: Uint8Array; tag: Uint8Array }

function sealed(key: Key, plaintext: Uint8Array, aad: Uint8Array): Box {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad)
  const ciphertext = cipher.update(plaintext)
  cipher.final()
  return { nonce, ciphertext, tag: cipher.getAuthTag() }
}

function opened(key: Key, { nonce, ciphertext, tag }: Box, aad: Uint8Array): Uint8Array {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 })
  decipher.setAAD(aad)
  decipher.setAuthTag(tag)
  const plaintext = decipher.update(ciphertext)
  decipher.final()
  return plaintext
}
