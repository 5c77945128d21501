import { pathToFileURL } from 'node:url'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { storeError } from './errors.ts'
import { PRAGMAS, STATEMENTS, type StatementName } from './schema.sql.ts'

export type Cell = string | number | bigint | null | Uint8Array

/** One SQLite connection: statements compiled on first use, errors as ours. Never waits. */
export class Connection {
  readonly file: string
  readonly #database: DatabaseSync
  readonly #statements = new Map<StatementName, StatementSync>()

  /** The file must be there. @throws `store_unavailable`, `store_read_only`, `store_busy`, `corrupt` */
  constructor(file: string, cacheKib: number) {
    this.file = file
    try {
      this.#database = new DatabaseSync(`${pathToFileURL(file).href}?mode=rw`, {
        enableForeignKeyConstraints: false,
      })
    } catch (error) {
      throw storeError(error, file)
    }
    try {
      this.exec(`${PRAGMAS} PRAGMA cache_size = -${cacheKib};`)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  exec(sql: string): void {
    try {
      this.#database.exec(sql)
    } catch (error) {
      throw storeError(error, this.file)
    }
  }

  pragma(name: string): Cell {
    try {
      const row = this.#database.prepare(`PRAGMA ${name}`).get()
      return (row && Object.values(row)[0]) ?? null
    } catch (error) {
      throw storeError(error, this.file)
    }
  }

  get(name: StatementName, ...params: SQLInputValue[]): Cell[] | undefined {
    const statement = this.statement(name)
    try {
      return statement.get(...params) as Cell[] | undefined
    } catch (error) {
      throw storeError(error, this.file)
    }
  }

  all(name: StatementName, ...params: SQLInputValue[]): Cell[][] {
    const statement = this.statement(name)
    try {
      return statement.all(...params) as unknown as Cell[][]
    } catch (error) {
      throw storeError(error, this.file)
    }
  }

  /** How many rows it changed. */
  run(name: StatementName, ...params: SQLInputValue[]): number {
    const statement = this.statement(name)
    try {
      return Number(statement.run(...params).changes)
    } catch (error) {
      throw storeError(error, this.file)
    }
  }

  /** The compiled statement; its rows are arrays. */
  statement(name: StatementName): StatementSync {
    let statement = this.#statements.get(name)
    if (!statement) {
      try {
        statement = this.#database.prepare(STATEMENTS[name])
      } catch (error) {
        throw storeError(error, this.file)
      }
      statement.setReturnArrays(true)
      this.#statements.set(name, statement)
    }
    return statement
  }

  /** Ends whatever transaction SQLite has not ended by itself. */
  rollback(): void {
    if (this.#database.isTransaction) this.run('rollback')
  }

  close(): void {
    this.#statements.clear()
    if (this.#database.isOpen) this.#database.close()
  }
}
