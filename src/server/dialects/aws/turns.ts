/** Changes of one secret by this process, one after the other. */
export interface Turns {
  take<T>(path: string, work: () => Promise<T>): Promise<T>
}

/**
 * Compare-and-set alone would be right, but costs every racer a second try: those of one process
 * wait for each other instead.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async take(path, work) {
      const before = last.get(path)
      const mine = before === undefined ? work() : before.then(work, work)
      last.set(path, mine)
      try {
        return await mine
      } finally {
        if (last.get(path) === mine) last.delete(path)
      }
    },
  }
}
