import type { KeyObject } from 'node:crypto'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { Random } from '../core/ports/ambient.ts'
import { KEY_BYTES, fingerprintOf, takeKey } from './derive.ts'
import { keyringOf } from './keyring-model.ts'
import type { KeyTerm, Keyring } from './keyring-model.ts'
import { publicKeyOf } from './signing-key.ts'

export { rootFingerprint } from './derive.ts'
export { openKeyring, readKeyringHeader, sealKeyring } from './keyring-blob.ts'
export type { KeyTerm, Keyring } from './keyring-model.ts'

/** A keyring with one active term. @throws CofferError `invalid_argument` for an odd store id */
export function createKeyring(options: {
  readonly storeId: string
  readonly rootFingerprint: string
  readonly seal: string
  readonly now: number
  readonly random: Random
}): Keyring {
  const { storeId, now, random } = options
  if (!/^[0-9a-f]{32}$/.test(storeId)) {
    throw new CofferError('invalid_argument', 'A store id is 32 hex digits.')
  }
  const base = takeKey(random(KEY_BYTES))
  const auditSeed = takeKey(random(KEY_BYTES))
  return keyringOf({
    storeId,
    revision: 1,
    terms: [newTerm(storeId, 1, now, random)],
    roots: [{ fingerprint: options.rootFingerprint, seal: options.seal, since: now }],
    material: { base, auditSeed, auditPublicKey: publicKeyOf(auditSeed) },
  })
}

/**
 * A new active term; the one before is retiring.
 * @throws CofferError `limit_exceeded` past `LIMITS.keyTermsMax`
 */
export function addTerm(keyring: Keyring, now: number, random: Random): Keyring {
  if (keyring.terms.length >= LIMITS.keyTermsMax) {
    throw new CofferError('limit_exceeded', `A keyring has at most ${LIMITS.keyTermsMax} terms.`)
  }
  const next = activeTerm(keyring).term + 1
  const older = keyring.terms.map((term) =>
    term.state === 'active' ? { ...term, state: 'retiring' as const } : term,
  )
  return changed(keyring, { terms: [...older, newTerm(keyring.storeId, next, now, random)] })
}

/**
 * Drops the keys of these terms: what they wrap opens with no later keyring. A backup has
 * the keyring of its day.
 * Terms already destroyed stay as they are.
 * @throws CofferError `term_in_use` for the active term, `not_found` for one that never was
 */
export function destroyTerms(keyring: Keyring, terms: readonly number[], now: number): Keyring {
  const doomed = new Set(terms)
  for (const number of doomed) {
    const term = keyring.terms.find((each) => each.term === number)
    if (term === undefined) throw new CofferError('not_found', `There is no key term ${number}.`)
    if (term.state === 'active') {
      throw new CofferError('term_in_use', `Key term ${number} is the active one.`)
    }
  }
  return changed(keyring, {
    terms: keyring.terms.map((term) =>
      doomed.has(term.term) && term.state !== 'destroyed' ? destroyed(term, now) : term,
    ),
  })
}

/** The keyring for another root key; the history of root keys keeps the newest 1000. */
export function withRoot(
  keyring: Keyring,
  root: { readonly fingerprint: string; readonly seal: string; readonly now: number },
): Keyring {
  const closed = keyring.roots.map((each) =>
    each.until === undefined ? { ...each, until: root.now } : each,
  )
  const opened = { fingerprint: root.fingerprint, seal: root.seal, since: root.now }
  return changed(keyring, { roots: [...closed, opened].slice(-ROOTS_MAX) })
}

/** The term that wraps new DEKs. */
export function activeTerm(keyring: Keyring): KeyTerm & { readonly kek: KeyObject } {
  const term = keyring.terms.findLast((each) => each.state === 'active')
  if (term?.kek === undefined) throw new CofferError('corrupt', 'The keyring has no active term.')
  return { ...term, kek: term.kek }
}

/** A look-up of KEKs by term, which costs nothing to make and one index to ask. */
export const kekOf =
  (keyring: Keyring): ((term: number) => KeyObject | undefined) =>
  (term) =>
    keyring.terms[term - 1]?.kek

const ROOTS_MAX = 1_000

const changed = (keyring: Keyring, change: Partial<Pick<Keyring, 'terms' | 'roots'>>): Keyring => ({
  ...keyring,
  ...change,
  revision: keyring.revision + 1,
})

function newTerm(storeId: string, term: number, createdAt: number, random: Random): KeyTerm {
  const kek = takeKey(random(KEY_BYTES))
  const fingerprint = fingerprintOf(kek, storeId, 'coffer/v1/term-fingerprint')
  return { term, createdAt, state: 'active', fingerprint, kek }
}

const destroyed = (term: KeyTerm, now: number): KeyTerm => ({
  term: term.term,
  createdAt: term.createdAt,
  state: 'destroyed',
  fingerprint: term.fingerprint,
  destroyedAt: now,
})
