import type { HeadKind } from '../../../core/ports/store.ts'
import { BLOB_TERM, FIXED_WIDTH, NUMBER_MAX } from './slots.ts'

/** `Coff`: what tells a Coffer store from any other SQLite file. */
export const APPLICATION_ID = 0x43_6f_66_66
export const SCHEMA_VERSION = 1

/** How a kind is spelled in the file: one byte, and never renumbered. */
export const KIND_CODES: Readonly<Record<HeadKind, number>> = {
  secret: 1,
  policy: 2,
  role: 3,
  actor: 4,
  setting: 5,
  credential: 6,
}

/**
 * Text compares by its UTF-8 bytes (BINARY). `heads` and `slots` have a narrow unique index beside a
 * rowid table: with blobs inside the key's own tree it would be twice as deep at a million rows.
 * `slots` holds the versions, blobs and free room, see slots.ts.
 * `current_row` is a hint, the slot of the current version if that was there when the head was put;
 * it saves a read one of four trees, and is believed only when id and number agree.
 * `slots_free` has what is free and nothing else: an index of all terms would be a page more for each
 * write, where only a rotation of the key, which looks at every row anyway, has a use for it.
 */
export const SCHEMA = `
  CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    access_generation INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT;
  CREATE TABLE heads (
    kind INTEGER NOT NULL,
    path TEXT NOT NULL,
    generation INTEGER NOT NULL,
    id TEXT,
    current INTEGER,
    current_row INTEGER,
    head BLOB NOT NULL,
    UNIQUE (kind, path)
  ) STRICT;
  CREATE TABLE slots (
    slot INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    term INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (id, version)
  ) STRICT;
  CREATE INDEX slots_free ON slots (term) WHERE term < 0;
  CREATE TABLE outbox (generation INTEGER PRIMARY KEY, event TEXT NOT NULL) STRICT;
  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`

/**
 * For every connection. `secure_delete` zeroes what is freed; the default timeout stays 0, since
 * waiting inside SQLite would stop the event loop; sorting stays out of temporary files. What is in the
 * WAL goes into the file when it has 16 MiB, four times the default: each write puts the state, the
 * ends of two indexes and the outbox there anew, and the file takes only the last of each. All of it
 * fits the first of the tables by which readers find a page in the WAL (4,062 pages). Readers can make
 * it longer, see wal.ts.
 */
export const PRAGMAS = `
  PRAGMA synchronous = FULL;
  PRAGMA wal_autocheckpoint = 4000;
  PRAGMA secure_delete = ON;
  PRAGMA cell_size_check = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store = MEMORY;
`

const IS_BLOB = `term = ${FIXED_WIDTH + BLOB_TERM}`
/** Ids are hex and free keys sort behind them: no term that was changed makes a version invisible. */
const IS_VERSION = `version > ${FIXED_WIDTH} AND id < '~'`

/** Asked of the row itself: what its index says may be of another row. */
const IS_IT = '+id = ?1 AND +version = ?2'

/** A term that no `fillSlot` has put counts as none, so that its row is still one. */
const TERM = `iif(term BETWEEN ${FIXED_WIDTH} AND ${FIXED_WIDTH + NUMBER_MAX}, term, ${FIXED_WIDTH})`

export const STATEMENTS = {
  current: `
    SELECT s.generation, s.access_generation, h.head, v.body, h.current
    FROM state AS s
    LEFT JOIN heads AS h ON h.kind = ${KIND_CODES.secret} AND h.path = ?
    LEFT JOIN slots AS v
      ON v.slot = h.current_row AND v.id = h.id AND v.version = h.current + ${FIXED_WIDTH}
    WHERE s.one = 1`,
  currentWithoutHint: `
    SELECT s.generation, s.access_generation, h.head, v.body
    FROM state AS s
    LEFT JOIN heads AS h ON h.kind = ${KIND_CODES.secret} AND h.path = ?
    LEFT JOIN slots AS v ON v.id = h.id AND v.version = h.current + ${FIXED_WIDTH}
    WHERE s.one = 1`,
  newestHead: `
    SELECT s.generation, s.access_generation, h.head, NULL
    FROM state AS s
    LEFT JOIN heads AS h ON h.kind = ? AND h.path = ?
    WHERE s.one = 1`,
  dataVersion: 'PRAGMA data_version',
  state: 'SELECT generation, access_generation, seal FROM state WHERE one = 1',
  putState: `
    INSERT INTO state (one, generation, access_generation, seal) VALUES (1, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET generation = excluded.generation,
      access_generation = excluded.access_generation, seal = excluded.seal`,
  slot: 'SELECT slot, length(body) FROM slots WHERE id = ? AND version = ?',
  freeSlot: `SELECT slot FROM slots WHERE term = ? AND term < 0 AND id >= '~' LIMIT 1`,
  fillSlot: 'UPDATE slots SET id = ?, version = ?, term = ?, body = ? WHERE slot = ?',
  refillSlot: `
    UPDATE slots SET term = ?3, body = ?4
    WHERE slot = (SELECT slot FROM slots WHERE id = ?1 AND version = ?2) AND ${IS_IT}
      AND length(body) = length(?4)`,
  refillSlotAt: `
    UPDATE slots SET term = ?3, body = ?4
    WHERE slot = ?5 AND ${IS_IT} AND length(body) = length(?4)`,
  addSlot: `
    INSERT INTO slots (id, version, term, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  emptySlot: `
    UPDATE slots SET id = ?3, version = ?4, term = ?5, body = zeroblob(?6)
    WHERE slot = ?7 AND ${IS_IT}`,
  blob: `SELECT body FROM slots WHERE id = ? AND version = ${FIXED_WIDTH} AND ${IS_BLOB}`,
  blobBesideIndex: `
    SELECT body FROM slots NOT INDEXED
    WHERE id = ? AND version = ${FIXED_WIDTH} AND ${IS_BLOB}`,
  head: 'SELECT kind, path, generation, head FROM heads WHERE kind = ? AND path = ?',
  heads: `
    SELECT kind, path, generation, head FROM heads
    WHERE kind = ? AND path >= ? ORDER BY path LIMIT ?`,
  headsAfter: `
    SELECT kind, path, generation, head FROM heads
    WHERE kind = ? AND path > ? ORDER BY path LIMIT ?`,
  headsBefore: `
    SELECT kind, path, generation, head FROM heads
    WHERE kind = ? AND path >= ? AND path < ? ORDER BY path LIMIT ?`,
  headsAfterBefore: `
    SELECT kind, path, generation, head FROM heads
    WHERE kind = ? AND path > ? AND path < ? ORDER BY path LIMIT ?`,
  putHead: `
    INSERT INTO heads (kind, path, generation, id, current, head, current_row)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6,
      (SELECT slot FROM slots WHERE id = ?4 AND version = ?5 + ${FIXED_WIDTH}))
    ON CONFLICT (kind, path) DO UPDATE SET generation = excluded.generation, id = excluded.id,
      current = excluded.current, head = excluded.head, current_row = excluded.current_row
    WHERE +heads.kind = excluded.kind AND +heads.path = excluded.path`,
  hasHead: 'SELECT 1 FROM heads WHERE kind = ? AND path = ?',
  removeHead: `
    DELETE FROM heads
    WHERE rowid = (SELECT rowid FROM heads WHERE kind = ?1 AND path = ?2)
      AND +kind = ?1 AND +path = ?2`,
  version: `
    SELECT id, version, ${TERM}, body FROM slots
    WHERE id = ? AND version = ? AND ${IS_VERSION}`,
  versions: `
    SELECT id, version, ${TERM}, body, slot FROM slots
    WHERE slot > ? AND ${IS_VERSION} ORDER BY slot LIMIT ?`,
  lastSlot: 'SELECT max(slot) FROM (SELECT slot FROM slots WHERE slot > ? ORDER BY slot LIMIT ?)',
  terms: `
    SELECT ${TERM}, count(*) FROM slots
    WHERE slot > ? AND slot <= ? AND ${IS_VERSION} GROUP BY 1`,
  outbox: 'SELECT generation, event FROM outbox WHERE generation > ? ORDER BY generation LIMIT ?',
  appendOutbox: 'INSERT INTO outbox (generation, event) VALUES (?, ?) ON CONFLICT DO NOTHING',
  trimOutbox: 'DELETE FROM outbox WHERE generation <= ?',
  lease: `
    INSERT INTO leases (name, holder, until_ms) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
    WHERE holder = excluded.holder OR until_ms <= ? OR until_ms > ?`,
  foreignCode: `SELECT 1 FROM sqlite_schema WHERE type IN ('trigger', 'view') LIMIT 1`,
  begin: 'BEGIN',
  beginImmediate: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  savepoint: 'SAVEPOINT one',
  rollbackToSavepoint: 'ROLLBACK TO one',
  releaseSavepoint: 'RELEASE one',
  checkpoint: 'PRAGMA wal_checkpoint(TRUNCATE)',
} as const

export type StatementName = keyof typeof STATEMENTS
