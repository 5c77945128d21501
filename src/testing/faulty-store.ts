import { CofferError } from '../core/errors.ts'
import type { HeadKind, Store, StoreReader, StoreWriter } from '../core/ports/store.ts'

export interface Fault {
  /** Which call fails, from 1; 0 or absent: none, and `calls` tells how many there are. */
  readonly failAt?: number
  /** How many calls in a row fail from there on; `Infinity` is a disk that stays broken. */
  readonly times?: number
  /** Default: a `store_unavailable`. */
  readonly error?: Error
  /** `after`: the work is done and the caller is told that it failed. Default `before`. */
  readonly when?: 'before' | 'after'
}

export interface FaultyStore extends Store {
  /** Calls so far: each of the store, each of its rows, and the commit of each write. */
  readonly calls: number
  /** Whether the fault has happened. */
  readonly failed: boolean
}

/**
 * A store whose n-th call fails, to run the same work once for every n. As with a real disk, a
 * transaction in which a call failed is not committed, even when its callback hides the failure.
 */
export function faultyStore(store: Store, fault: Fault = {}): FaultyStore {
  return new Faulty(store, fault)
}

class Faulty implements FaultyStore {
  readonly description: string
  readonly #store: Store
  readonly #failAt: number
  readonly #times: number
  readonly #error: Error
  readonly #when: 'before' | 'after'
  #calls = 0
  #failures = 0

  constructor(store: Store, { failAt = 0, times = 1, error, when = 'before' }: Fault) {
    this.#store = store
    this.#failAt = failAt
    this.#times = times
    this.#error = error ?? new CofferError('store_unavailable', 'The store failed, as planned.')
    this.#when = when
    this.description = `faulty ${store.description}`
  }

  get calls(): number {
    return this.#calls
  }

  get failed(): boolean {
    return this.#failures > 0
  }

  current(path: string, atLeast?: number): ReturnType<Store['current']> {
    return this.#callNow(() => this.#store.current(path, atLeast))
  }

  head(kind: HeadKind, path: string, atLeast?: number): ReturnType<Store['head']> {
    return this.#callNow(() => this.#store.head(kind, path, atLeast))
  }

  shareLook(): void {
    this.#store.shareLook?.()
  }

  #callNow<T>(query: () => T | Promise<T>): T | Promise<T> {
    const fails = this.#count()
    if (fails && this.#when === 'before') throw this.#fail()
    const row = query()
    if (!fails) return row
    if (!(row instanceof Promise)) throw this.#fail()
    return row.then(() => {
      throw this.#fail()
    })
  }

  read<T>(work: (rows: StoreReader) => Promise<T>): Promise<T> {
    return this.#call(() => this.#store.read((rows) => work(this.#rows(rows))))
  }

  write<T>(work: (rows: StoreWriter) => Promise<T>): Promise<T> {
    return this.#call(async () => {
      let failsAfterCommit = false
      const result = await this.#store.write(async (rows) => {
        const failuresBefore = this.#failures
        const result = await work(this.#rows(rows))
        if (this.#failures > failuresBefore) throw this.#error
        failsAfterCommit = this.#count()
        if (failsAfterCommit && this.#when === 'before') throw this.#fail()
        return result
      })
      if (failsAfterCommit) throw this.#fail()
      return result
    })
  }

  lease(name: string, holder: string, nowMs: number, ttlMs: number): Promise<boolean> {
    return this.#call(() => this.#store.lease(name, holder, nowMs, ttlMs))
  }

  scrub(): Promise<void> {
    return this.#call(() => this.#store.scrub())
  }

  close(): Promise<void> {
    return this.#call(() => this.#store.close())
  }

  #rows<R extends StoreReader>(rows: R): R {
    return new Proxy(rows, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target)
        if (typeof method !== 'function') return method
        return (...args: unknown[]) =>
          this.#call(() => Reflect.apply(method, target, args) as Promise<unknown>)
      },
    })
  }

  async #call<T>(work: () => Promise<T>): Promise<T> {
    const fails = this.#count()
    if (fails && this.#when === 'before') throw this.#fail()
    const result = await work()
    if (fails) throw this.#fail()
    return result
  }

  /** Counts a call; true when it is one of those that fail. */
  #count(): boolean {
    this.#calls += 1
    return (
      this.#failAt > 0 && this.#calls >= this.#failAt && this.#calls < this.#failAt + this.#times
    )
  }

  #fail(): Error {
    this.#failures += 1
    return this.#error
  }
}
