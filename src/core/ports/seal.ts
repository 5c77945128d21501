import type { JsonObject } from '../value.ts'

/**
 * Where the root key comes from. A seal never sees the keyring or a secret: it yields 32 bytes.
 *
 * Adding one is one file in src/adapters/seals, its test, and one line in the registry.
 */
export interface Seal {
  /** Its name in the registry, in the keyring's header and on the command line. */
  readonly kind: string
  /** One line for `coffer init --help`. */
  readonly summary: string
  /**
   * What it can be told, by the names of `SealContext.options`, each in a line. Anything else is
   * refused; without this member nothing is.
   */
  readonly options?: Readonly<Record<string, string>>
  /**
   * Whether `establish` could succeed here without asking a person: `init` without `--seal` takes
   * the first of the registry that says yes and takes the options that were given.
   */
  ready(context: SealContext): boolean
  /**
   * Makes or finds a root key for a new store, or for `key reseal`. `params` are stored in clear
   * in the keyring's header (salt, work factors, a file's path, a key's ARN: never the key).
   */
  establish(context: SealContext): Promise<{
    readonly rootKey: Uint8Array
    readonly params: JsonObject
    /** What the person must know: where the key is, what to keep. Printed once. */
    readonly notes?: readonly string[]
    /** The key in parts, for several people: shown once to who makes the store, kept nowhere. */
    readonly shares?: readonly string[]
  }>
  /**
   * The root key again. The engine checks it; a wrong one is not this method's concern.
   * @throws CofferError `sealed` (no key to be had), `invalid_key`, `key_exposed`, `unavailable`
   */
  unseal(params: JsonObject, context: SealContext): Promise<Uint8Array>
  /** Present where several people each hold a part of the root key. */
  readonly sharing?: Sharing
}

/** How the parts of a root key become the key again. */
export interface Sharing {
  /** How many there are, and how many are needed. @throws CofferError `corrupt` */
  counts(params: JsonObject): { readonly shares: number; readonly threshold: number }
  /**
   * Looks at one share alone. Returns its number, from 1.
   * @throws CofferError `invalid_argument` for what is no share or was mistyped; `wrong_key` for one
   * of another root key
   */
  check(share: string, params: JsonObject): number
  /** @throws CofferError `wrong_key` when they do not fit together or are too few */
  combine(shares: readonly string[], params: JsonObject): Promise<Uint8Array>
}

/** Everything a seal may use of the world. */
export interface SealContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** What the user said for this seal: `--seal-option name=value`, or the library's options. */
  readonly options: Readonly<Record<string, string | undefined>>
  /** Where the store lives: a key must not be made inside it. */
  readonly dataDir: string
  /** The user's own configuration directory, for keys made by `init`. */
  readonly configDir: string
  random(bytes: number): Uint8Array
  /** Asks a person without echo; absent where nobody can be asked. */
  readonly prompt?: (question: string) => Promise<string>
}
