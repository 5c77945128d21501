/** Entries in one chunk; two half-full neighbours are not joined, which costs only space. */
const CHUNK_MAX = 128

type Entry<K, V> = readonly [K, V]

/**
 * A map in the order of `compare` that never changes: `set` and `delete` give a new one and share
 * most of their entries with it. That makes a snapshot a reference.
 */
export class SortedMap<K, V> {
  readonly #compare: (a: K, b: K) => number
  /** No chunk is empty. */
  readonly #chunks: readonly (readonly Entry<K, V>[])[]

  constructor(compare: (a: K, b: K) => number, chunks: readonly (readonly Entry<K, V>[])[] = []) {
    this.#compare = compare
    this.#chunks = chunks
  }

  get(key: K): V | undefined {
    const [chunk, index] = this.#seek(key)
    const entry = this.#chunks[chunk]?.[index]
    return entry && this.#compare(entry[0], key) === 0 ? entry[1] : undefined
  }

  set(key: K, value: V): SortedMap<K, V> {
    if (this.#chunks.length === 0) return this.#with(0, 0, [[[key, value]]])
    let [at, index] = this.#seek(key)
    if (at === this.#chunks.length) {
      at -= 1
      index = this.#chunks[at]!.length
    }
    const chunk = this.#chunks[at]!
    const found = chunk[index]
    const replaced = found && this.#compare(found[0], key) === 0 ? 1 : 0
    const next = chunk.toSpliced(index, replaced, [key, value])
    if (next.length <= CHUNK_MAX) return this.#with(at, 1, [next])
    const middle = next.length >> 1
    return this.#with(at, 1, [next.slice(0, middle), next.slice(middle)])
  }

  delete(key: K): SortedMap<K, V> {
    const [at, index] = this.#seek(key)
    const chunk = this.#chunks[at]
    const found = chunk?.[index]
    if (!chunk || !found || this.#compare(found[0], key) !== 0) return this
    return this.#with(at, 1, chunk.length === 1 ? [] : [chunk.toSpliced(index, 1)])
  }

  /** Ascending, from the first key that is not below `key`. */
  *from(key: K): Generator<Entry<K, V>> {
    let [at, index] = this.#seek(key)
    for (; at < this.#chunks.length; at++, index = 0) {
      const chunk = this.#chunks[at]!
      for (; index < chunk.length; index++) yield chunk[index]!
    }
  }

  *[Symbol.iterator](): Generator<Entry<K, V>> {
    for (const chunk of this.#chunks) yield* chunk
  }

  #with(at: number, removed: number, chunks: (readonly Entry<K, V>[])[]): SortedMap<K, V> {
    return new SortedMap(this.#compare, this.#chunks.toSpliced(at, removed, ...chunks))
  }

  /** Where the first entry not below `key` is: chunk and index, one past the end if there is none. */
  #seek(key: K): [number, number] {
    const at = firstIndex(this.#chunks, (chunk) => this.#compare(chunk.at(-1)![0], key) >= 0)
    const index = firstIndex(this.#chunks[at] ?? [], (entry) => this.#compare(entry[0], key) >= 0)
    return [at, index]
  }
}

/** Binary search: the first index whose item passes, `items.length` if none does. */
function firstIndex<T>(items: readonly T[], passes: (item: T) => boolean): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (passes(items[middle]!)) high = middle
    else low = middle + 1
  }
  return low
}
