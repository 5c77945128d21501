import { CofferError } from '../../core/errors.ts'
import { isLoopbackHost } from '../../core/loopback.ts'
import type { ProviderContext } from './context.ts'

const ALLOWED = 'COFFER_ALLOW_PROVIDERS'

/** Something that an option names, and that is given credentials or runs as whoever started this. */
export interface Named {
  /** What it is to people: `the address`, `the program`. */
  readonly what: string
  /** Absent: the option is not given. */
  readonly name: string | undefined
  /** Whether a name that the environment gave, or an entry of the list, is this one. */
  readonly isSame: (entry: string, name: string) => boolean
  /** What the environment says itself, without an option. */
  readonly own?: string | undefined
}

/**
 * Refuses what a file of the project names and the environment does not: who may change a repository
 * would else have the credentials of whoever checks it out sent elsewhere, or programs run. Options in
 * code are the program's own. The environment consents by saying the same itself, or in
 * `COFFER_ALLOW_PROVIDERS`: entries between `;` or newlines.
 * @throws CofferError `unknown_provider`
 */
export function checkConsent(
  { env, declared }: Pick<ProviderContext, 'env' | 'declared'>,
  { what, name, isSame, own = '' }: Named,
): void {
  if (declared !== true || name === undefined) return
  const entries = [own, ...(env[ALLOWED] ?? '').split(/[;\n]/)].map((entry) => entry.trim())
  if (entries.some((entry) => entry !== '' && isSame(entry, name))) return
  const shown = JSON.stringify(name.slice(0, SHOWN_MAX))
  throw new CofferError(
    'unknown_provider',
    `The project's file names ${what} ${shown}, which nothing here allows.`,
    { remedy: `Read that file; if it is right, add ${what} to the variable ${ALLOWED}.` },
  )
}

/** An address that credentials go to: of the same origin, or one of this machine. */
export const address = (name: string | undefined, own: string | undefined): Named => ({
  what: 'the address',
  name: name !== undefined && isLoopback(name) ? undefined : name,
  own,
  isSame: (entry, text) => originOf(entry) !== undefined && originOf(entry) === originOf(text),
})

/** A program, or a file that says which one is run: exactly as it is written. */
export const exactly = (what: string, name: string | undefined, own?: string): Named => ({
  what,
  name,
  own,
  isSame: (entry, text) => entry === text,
})

/** Who vouches for the host that credentials go to: with a listener on the way, any host at all. */
export const authority = (name: string | undefined, own: string | undefined): Named =>
  exactly('the authority', name, own)

const SHOWN_MAX = 200

const originOf = (text: string): string | undefined => {
  const origin = URL.canParse(text) ? new URL(text).origin : 'null'
  return origin === 'null' ? undefined : origin
}

const isLoopback = (text: string): boolean =>
  URL.canParse(text) && isLoopbackHost(new URL(text).hostname)
