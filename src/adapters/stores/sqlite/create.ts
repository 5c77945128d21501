import { closeSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import type { Connection } from './connection.ts'
import { storeError, storeFailure } from './errors.ts'
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.sql.ts'

/** @throws `store_missing` for an absent or empty file */
export function requireFile(file: string): void {
  let bytes: number | undefined
  try {
    bytes = statSync(file, { throwIfNoEntry: false })?.size
  } catch (error) {
    throw storeError(error, file)
  }
  if (!bytes) throw missing(file)
}

/** Afterwards a file is there, 0600 in a 0700 directory if it was not; its name survives a crash. */
export function ensureFile(file: string): void {
  const directory = path.dirname(file)
  try {
    if (statSync(file, { throwIfNoEntry: false })) return
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    closeSync(openSync(file, 'a', 0o600))
    const handle = openSync(directory, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch (error) {
    throw storeError(error, file)
  }
}

/**
 * Afterwards the file is a store of this version, made in one transaction if it was blank. Throws
 * `store_busy` rather than wait: call it again.
 *
 * @throws `store_missing` when blank and `mustExist`, `store_newer`, `corrupt` when not ours
 */
export function ensureSchema(connection: Connection, mustExist: boolean): void {
  if (isReady(connection)) return
  if (mustExist) throw missing(connection.file)
  connection.exec('PRAGMA journal_mode = WAL')
  connection.run('beginImmediate')
  try {
    if (!isReady(connection)) connection.exec(SCHEMA)
    connection.run('commit')
  } catch (error) {
    connection.rollback()
    throw error
  }
}

function isReady(connection: Connection): boolean {
  const application = connection.pragma('application_id')
  const version = Number(connection.pragma('user_version'))
  if (application === 0 && version === 0 && connection.pragma('schema_version') === 0) return false
  if (application !== APPLICATION_ID) throw storeFailure('corrupt', connection.file)
  if (version > SCHEMA_VERSION) {
    const { file } = connection
    throw new CofferError(
      'store_newer',
      `The store ${file} has format ${version}; this Coffer knows ${SCHEMA_VERSION}.`,
      { details: { file, format: version } },
    )
  }
  if (version !== SCHEMA_VERSION) throw storeFailure('corrupt', connection.file)
  if (!connection.inTransaction && connection.pragma('journal_mode') !== 'wal') {
    connection.exec('PRAGMA journal_mode = WAL')
    if (connection.pragma('journal_mode') !== 'wal') {
      throw storeFailure('store_unavailable', connection.file)
    }
  }
  // A trigger would run inside our own writes: it could keep a copy of what is destroyed. This first
  // read is also what puts the WAL's file in place.
  if (connection.get('foreignCode') !== undefined) throw storeFailure('corrupt', connection.file)
  return true
}

function missing(file: string): CofferError {
  return new CofferError('store_missing', `There is no store at ${file}.`, { details: { file } })
}
