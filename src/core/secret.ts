/**
 * A plaintext on its way to the one place that needs it.
 *
 * Printing, JSON, string conversion and inspecting show `[secret db/password v7]`; a structured
 * clone carries no value; `==` compares identity, `.equals()` compares values without telling how
 * far they agree. Only `.reveal()` opens it. The value rests as bytes outside the JavaScript heap
 * and is decoded afresh at each `reveal()`, so no string of it stays behind here.
 *
 * @example
 * const url = cfg.db.url.reveal()
 */
export class Secret<T = string> {
  readonly #bytes: Uint8Array
  readonly #decode: (bytes: Uint8Array) => T
  readonly #title: string
  readonly #watch: SecretWatch<T> | undefined

  constructor(source: SecretSource<T>) {
    this.#bytes = source.bytes
    this.#decode = source.decode
    this.#title = source.version === undefined ? source.name : `${source.name} v${source.version}`
    this.#watch = source.watch
  }

  /** The plaintext. Keep it no longer than needed; do not store it in a long-lived object. */
  reveal(): T {
    return this.#decode(this.#bytes)
  }

  /** A copy of the plaintext's bytes as stored. The caller may zero it. */
  revealBytes(): Uint8Array {
    return new Uint8Array(this.#bytes)
  }

  /** Compares with another secret, a string or bytes in time that depends on the lengths only. */
  equals(other: Secret<unknown> | string | Uint8Array): boolean {
    const theirs =
      other instanceof Secret
        ? other.#bytes
        : typeof other === 'string'
          ? new TextEncoder().encode(other)
          : other
    const mine = this.#bytes
    let difference = mine.length ^ theirs.length
    for (let i = 0; i < mine.length; i++) difference |= (mine[i] ?? 0) ^ (theirs[i] ?? 0)
    return difference === 0
  }

  /**
   * Calls `listener` with the new secret after each change of the reference, by any process.
   * Returns a function that stops it. Errors of resolving or of the listener go to `onError`.
   * A secret whose source cannot be watched never calls.
   */
  onChange(listener: (now: Secret<T>) => unknown, onError?: (error: unknown) => void): () => void {
    return this.#watch === undefined ? () => {} : this.#watch(listener, onError ?? (() => {}))
  }

  /** Overwrites the bytes. Every later `reveal()` yields zeros: only for a secret you own. */
  erase(): void {
    this.#bytes.fill(0)
  }

  toString(): string {
    return `[secret ${this.#title}]`
  }

  toJSON(): string {
    return this.toString()
  }

  [Symbol.toPrimitive](): string {
    return this.toString()
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString()
  }

  get [Symbol.toStringTag](): string {
    return 'Secret'
  }
}

export type SecretWatch<T> = (
  listener: (now: Secret<T>) => unknown,
  onError: (error: unknown) => void,
) => () => void

export interface SecretSource<T> {
  /** What it is called in print: a path or a reference, never a value. */
  readonly name: string
  readonly version?: number | undefined
  /** Owned by the secret from here on. */
  readonly bytes: Uint8Array
  readonly decode: (bytes: Uint8Array) => T
  readonly watch?: SecretWatch<T> | undefined
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes UTF-8 strictly, byte order mark kept. */
export const decodeText = (bytes: Uint8Array): string => utf8.decode(bytes)

/** A secret that is text. */
export const textSecret = (name: string, text: string, version?: number): Secret<string> =>
  new Secret({ name, version, bytes: new TextEncoder().encode(text), decode: decodeText })
