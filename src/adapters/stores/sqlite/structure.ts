import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { STORE_FILE } from '../adapter.ts'
import type { StoreLocation } from '../adapter.ts'
import type { Cell } from './connection.ts'
import { Connection } from './connection.ts'
import { storeError, storeFailure } from './errors.ts'

const CACHE_KIB = 8_192
/** Looked at in some 12 ms, which is what a thread takes to start. */
const AT_ONCE_BYTES = 8 * 1_048_576

/**
 * Every page of the file is one that SQLite could have written: trees, indexes and free room agree.
 * Finds damage where no row is, which reads do not meet and a later write does. About 1.5 s for a
 * million secrets, in a thread of its own, since SQLite looks in one go. @throws CofferError
 * `corrupt`, `store_*`
 */
export async function checkStructure({ dataDir }: StoreLocation): Promise<void> {
  const file = path.join(dataDir, STORE_FILE)
  const connection = new Connection(file, CACHE_KIB)
  try {
    const bytes = Number(connection.pragma('page_count')) * Number(connection.pragma('page_size'))
    const found =
      bytes > AT_ONCE_BYTES && mayStartThreads()
        ? await inThread(file)
        : connection.pragma('integrity_check(1)')
    if (found !== 'ok') throw storeFailure('corrupt', file)
  } finally {
    connection.close()
  }
}

/** Node's `--permission` takes it away. */
const mayStartThreads = (): boolean => process.permission?.has('worker') ?? true

function inThread(file: string): Promise<Cell> {
  return new Promise<Cell>((resolve, reject) => {
    const workerData = `${pathToFileURL(file).href}?mode=rw`
    const worker = new Worker(LOOK, { eval: true, workerData, env: {}, argv: [], execArgv: [] })
    worker.once('message', resolve)
    worker.once('error', (error) => reject(storeError(error, file)))
    // Of no account once one of the others has been told.
    worker.once('exit', () => reject(storeFailure('store_unavailable', file)))
  })
}

/** As text, so that it needs no file of its own where an application is bundled. */
const LOOK = `
  const { parentPort, workerData } = require('node:worker_threads')
  const { DatabaseSync } = require('node:sqlite')
  const database = new DatabaseSync(workerData)
  try {
    database.exec('PRAGMA cache_size = -${CACHE_KIB}; PRAGMA cell_size_check = ON')
    const [found] = Object.values(database.prepare('PRAGMA integrity_check(1)').get())
    parentPort.postMessage(found)
  } finally {
    database.close()
  }
`
