import type { Connection } from './connection.ts'

/** Lends each connection to one user at a time; makes them when needed, at most `max`. */
export class Pool {
  readonly #open: () => Promise<Connection>
  readonly #max: number
  readonly #idle: Connection[] = []
  readonly #waiting: (() => void)[] = []
  #lent = 0

  constructor(open: () => Promise<Connection>, max: number) {
    this.#open = open
    this.#max = max
  }

  async lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    while (this.#lent >= this.#max) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
    this.#lent += 1
    let connection: Connection | undefined
    try {
      connection = this.#idle.pop() ?? (await this.#open())
      return await work(connection)
    } finally {
      this.#lent -= 1
      if (connection) this.#idle.push(connection)
      this.#waiting.shift()?.()
    }
  }

  /** Closes the idle ones; call it when none is lent. */
  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close()
  }
}
