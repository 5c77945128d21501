import type { HeadKind } from '../../../core/ports/store.ts'

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
}

/**
 * Text compares by its UTF-8 bytes (BINARY). `heads` and `versions` are rowid tables with a narrow
 * unique index: with blobs inside the key's own tree it would be twice as deep at a million rows.
 * `current_row` is a hint, the row of the current version if that was there when the head was put;
 * it saves a read one of four trees, and is believed only when id and number agree.
 * `versions_term` ends in the row's place in the file, so that re-wrapping goes through it in order.
 */
export const SCHEMA = `
  CREATE TABLE state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation INTEGER NOT NULL,
    access_generation INTEGER NOT NULL,
    seal BLOB NOT NULL
  ) STRICT;
  CREATE TABLE blobs (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID;
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
  CREATE INDEX heads_generation ON heads (generation);
  CREATE TABLE versions (
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    path TEXT NOT NULL,
    term INTEGER NOT NULL,
    envelope BLOB NOT NULL,
    UNIQUE (id, version)
  ) STRICT;
  CREATE INDEX versions_term ON versions (term);
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
 * waiting inside SQLite would stop the event loop; sorting stays out of temporary files.
 */
export const PRAGMAS = `
  PRAGMA synchronous = FULL;
  PRAGMA secure_delete = ON;
  PRAGMA cell_size_check = ON;
  PRAGMA trusted_schema = OFF;
  PRAGMA temp_store = MEMORY;
`

export const STATEMENTS = {
  current: `
    SELECT s.generation, s.access_generation, h.head, v.envelope, h.current
    FROM state AS s
    LEFT JOIN heads AS h ON h.kind = ${KIND_CODES.secret} AND h.path = ?
    LEFT JOIN versions AS v
      ON v.rowid = h.current_row AND v.id = h.id AND v.version = h.current
    WHERE s.one = 1`,
  currentWithoutHint: `
    SELECT s.generation, s.access_generation, h.head, v.envelope
    FROM state AS s
    LEFT JOIN heads AS h ON h.kind = ${KIND_CODES.secret} AND h.path = ?
    LEFT JOIN versions AS v ON v.id = h.id AND v.version = h.current
    WHERE s.one = 1`,
  state: 'SELECT generation, access_generation, seal FROM state WHERE one = 1',
  putState: `
    INSERT INTO state (one, generation, access_generation, seal) VALUES (1, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET generation = excluded.generation,
      access_generation = excluded.access_generation, seal = excluded.seal`,
  blob: 'SELECT bytes FROM blobs WHERE name = ?',
  putBlob: `
    INSERT INTO blobs (name, bytes) VALUES (?, ?)
    ON CONFLICT (name) DO UPDATE SET bytes = excluded.bytes`,
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
  changedSince: `
    SELECT kind, path, generation, head FROM heads
    WHERE generation > ? ORDER BY generation, path, kind LIMIT ?`,
  putHead: `
    INSERT INTO heads (kind, path, generation, id, current, head, current_row)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, (SELECT rowid FROM versions WHERE id = ?4 AND version = ?5))
    ON CONFLICT (kind, path) DO UPDATE SET generation = excluded.generation, id = excluded.id,
      current = excluded.current, head = excluded.head, current_row = excluded.current_row`,
  removeHead: 'DELETE FROM heads WHERE kind = ? AND path = ?',
  version: 'SELECT id, version, path, term, envelope FROM versions WHERE id = ? AND version = ?',
  versionsBelowTerm: `
    SELECT id, version, path, term, envelope FROM versions
    WHERE term < ? ORDER BY term, rowid LIMIT ?`,
  versions: `
    SELECT id, version, path, term, envelope FROM versions
    WHERE (id, version) > (?, ?) ORDER BY id, version LIMIT ?`,
  terms: 'SELECT term, count(*) FROM versions GROUP BY term ORDER BY term',
  putVersion: `
    INSERT INTO versions (id, version, path, term, envelope) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (id, version) DO UPDATE SET path = excluded.path, term = excluded.term,
      envelope = excluded.envelope`,
  removeVersion: 'DELETE FROM versions WHERE id = ? AND version = ?',
  outbox: 'SELECT generation, event FROM outbox WHERE generation > ? ORDER BY generation LIMIT ?',
  appendOutbox: 'INSERT INTO outbox (generation, event) VALUES (?, ?) ON CONFLICT DO NOTHING',
  trimOutbox: 'DELETE FROM outbox WHERE generation <= ?',
  lease: `
    INSERT INTO leases (name, holder, until_ms) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until_ms = excluded.until_ms
    WHERE holder = excluded.holder OR until_ms <= ?`,
  begin: 'BEGIN',
  beginImmediate: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  checkpoint: 'PRAGMA wal_checkpoint(TRUNCATE)',
} as const

export type StatementName = keyof typeof STATEMENTS
