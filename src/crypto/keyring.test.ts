import { createPublicKey, verify } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, test } from 'vitest'
import { LIMITS } from '../core/limits.ts'
import { refusal } from '../testing/refusal.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { openEnvelope, sealEnvelope } from './envelope.ts'
import {
  activeTerm,
  addTerm,
  createKeyring,
  destroyTerms,
  kekOf,
  openKeyring,
  readKeyringHeader,
  rootFingerprint,
  sealKeyring,
  withRoot,
} from './keyring.ts'
import type { Keyring } from './keyring.ts'
import { publicKeyFingerprint } from './signing-key.ts'

const storeId = '0123456789abcdef0123456789abcdef'
const random = seededRandom('keyring.test')
const rootKey = random(32)
const otherRoot = random(32)
const rootFingerprintOf = rootFingerprint(rootKey)
const header = { seal: 'key-file', params: { file: '/etc/coffer.key' } }

const make = (): Keyring =>
  createKeyring({
    storeId,
    rootFingerprint: rootFingerprintOf,
    seal: 'key-file',
    now: 1_000,
    random,
  })
const sealed = (keyring: Keyring): Uint8Array => sealKeyring(keyring, rootKey, header, random)

/** All of a keyring in a comparable form, keys included. */
const flatten = (keyring: Keyring): unknown => ({
  storeId: keyring.storeId,
  revision: keyring.revision,
  roots: keyring.roots,
  terms: keyring.terms.map(({ kek, ...rest }) => ({ ...rest, kek: kek?.export().toString('hex') })),
  keys: [keyring.headKey, keyring.digestKey, keyring.stateKey].map((key) =>
    key.export().toString('hex'),
  ),
  signer: [keyring.auditSigner.key, keyring.auditSigner.publicKeyPem],
})

test('opening inverts sealing, after every kind of change', () => {
  const one = make()
  const three = addTerm(addTerm(one, 2_000, random), 3_000, random)
  const less = destroyTerms(three, [1], 4_000)
  for (const keyring of [one, three, less]) {
    expect(flatten(openKeyring(sealed(keyring), rootKey))).toEqual(flatten(keyring))
  }
})

test('the header says in clear what is needed before the key is', () => {
  expect(readKeyringHeader(sealed(make()))).toEqual({
    storeId,
    revision: 1,
    fingerprint: rootFingerprintOf,
    ...header,
  })
})

describe('whatever was changed is refused', () => {
  const blob = sealed(addTerm(make(), 2_000, random))

  test('each bit', () => {
    const codes = new Set<string>()
    for (let at = 0; at < blob.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const bad = Uint8Array.from(blob, (byte, i) => (i === at ? byte ^ (1 << bit) : byte))
        codes.add(refusal(() => openKeyring(bad, rootKey)).code)
      }
    }
    expect([...codes].toSorted()).toEqual(['corrupt', 'store_newer', 'wrong_key'])
  })

  test('every truncation and extension', () => {
    for (let length = 0; length < blob.length; length++) {
      expect(refusal(() => openKeyring(blob.subarray(0, length), rootKey)).code).toBe('corrupt')
    }
    const long = Buffer.concat([blob, Buffer.alloc(1)])
    expect(refusal(() => openKeyring(long, rootKey)).code).toBe('corrupt')
  })

  test('a header with another revision or seal', () => {
    const text = Buffer.from(blob).toString('latin1')
    for (const [from, to] of [
      ['"revision":2', '"revision":1'],
      ['key-file', 'key-fire'],
      [storeId, storeId.replace('0', '1')],
    ] as const) {
      const bad = Buffer.from(text.replace(from, to), 'latin1')
      expect(bad.length).toBe(blob.length)
      expect(refusal(() => openKeyring(bad, rootKey)).code).toBe('corrupt')
    }
  })

  test('a header whose length claims more than the limit or the blob', () => {
    for (const length of [16_385, 0xffff_ffff, blob.length]) {
      const bad = Buffer.from(blob)
      bad.writeUInt32BE(length, 5)
      expect(refusal(() => readKeyringHeader(bad)).code).toBe('corrupt')
    }
  })

  test.each(['null', '[]', '{}', '"x"', '{"storeId":1}', '{', '{"__proto__":{}}'])(
    'the header %s',
    (json) => {
      const bad = Buffer.concat([Buffer.from('CFKR\x01\0\0\0'), Buffer.from([json.length])])
      const whole = Buffer.concat([bad, Buffer.from(json), Buffer.alloc(64)])
      expect(refusal(() => readKeyringHeader(whole)).code).toBe('corrupt')
    },
  )

  test('a newer format asks for a newer Coffer', () => {
    const newer = Buffer.from(blob)
    newer[4] = 2
    expect(refusal(() => readKeyringHeader(newer)).code).toBe('store_newer')
  })
})

test('a wrong root key names both fingerprints, before anything is tried', () => {
  const blob = Buffer.from(sealed(make()))
  blob[blob.length - 1] = blob.at(-1)! ^ 1
  const error = refusal(() => openKeyring(blob, otherRoot))
  expect(error.code).toBe('wrong_key')
  expect(error.details).toEqual({ wanted: rootFingerprintOf, given: rootFingerprint(otherRoot) })
})

test('a keyring is never sealed under a key that is not its root', () => {
  const error = refusal(() => sealKeyring(make(), otherRoot, header, random))
  expect(error.code).toBe('wrong_key')
})

test('header parameters are held to their limit', () => {
  const fill = (chars: number) => () =>
    sealKeyring(make(), rootKey, { seal: 'x', params: { pad: 'p'.repeat(chars) } }, random)
  expect(openKeyring(fill(16_000)(), rootKey).storeId).toBe(storeId)
  expect(refusal(fill(16_384)).code).toBe('too_large')
})

describe('terms', () => {
  test('a new term is active and the old one still opens', () => {
    const one = make()
    const two = addTerm(one, 2_000, random)
    expect(two.revision).toBe(one.revision + 1)
    expect(two.terms.map((term) => term.state)).toEqual(['retiring', 'active'])
    expect(activeTerm(two).term).toBe(2)
    expect(one.terms.map((term) => term.state)).toEqual(['active'])
    const binding = { storeId, id: 'a'.repeat(32), version: 1, path: 'a/b' }
    const envelope = sealEnvelope(activeTerm(one).kek, 1, binding, Buffer.from('v'), random)
    expect(Buffer.from(openEnvelope(envelope, kekOf(two), binding)).toString()).toBe('v')
  })

  test('a destroyed term keeps its place and loses its key, in memory and at rest', () => {
    const two = addTerm(make(), 2_000, random)
    const kek = two.terms[0]!.kek!.export().toString('latin1')
    const less = destroyTerms(two, [1], 5_000)
    const opened = openKeyring(sealed(less), rootKey)
    expect(opened.terms[0]).toEqual({
      term: 1,
      createdAt: 1_000,
      state: 'destroyed',
      fingerprint: two.terms[0]!.fingerprint,
      destroyedAt: 5_000,
    })
    expect(kekOf(opened)(1)).toBeUndefined()
    expect(kekOf(opened)(2)).toBeDefined()
    expect(JSON.stringify(flatten(opened))).not.toContain(
      Buffer.from(kek, 'latin1').toString('hex'),
    )
    expect(destroyTerms(less, [1], 9_000).terms[0]!.destroyedAt).toBe(5_000)
  })

  test('the active term and terms that never were are refused', () => {
    const two = addTerm(make(), 2_000, random)
    expect(refusal(() => destroyTerms(two, [2], 1)).code).toBe('term_in_use')
    expect(refusal(() => destroyTerms(two, [1, 3], 1)).code).toBe('not_found')
  })

  test('the number of terms is held to its limit, and so many can be sealed and opened', () => {
    const one = make()
    const [term] = one.terms
    const terms = Array.from({ length: LIMITS.keyTermsMax - 1 }, (_, i) => ({
      ...term!,
      term: i + 1,
      state: i + 2 === LIMITS.keyTermsMax ? ('active' as const) : ('retiring' as const),
    }))
    const most = addTerm({ ...one, terms }, 1, random)
    const opened = openKeyring(sealed(most), rootKey)
    expect(opened.terms.length).toBe(LIMITS.keyTermsMax)
    expect(kekOf(opened)(LIMITS.keyTermsMax)?.equals(activeTerm(most).kek)).toBe(true)
    expect(kekOf(opened)(LIMITS.keyTermsMax + 1)).toBeUndefined()
    expect(kekOf(opened)(0)).toBeUndefined()
    expect(refusal(() => addTerm(most, 1, random)).code).toBe('limit_exceeded')
  })
})

test('a new root closes the one before, and the old key no longer opens', () => {
  const given = rootFingerprint(otherRoot)
  const moved = withRoot(make(), { fingerprint: given, seal: 'passphrase', now: 7_000 })
  expect(moved.roots).toEqual([
    { fingerprint: rootFingerprintOf, seal: 'key-file', since: 1_000, until: 7_000 },
    { fingerprint: given, seal: 'passphrase', since: 7_000 },
  ])
  const blob = sealKeyring(moved, otherRoot, { seal: 'passphrase', params: {} }, random)
  expect(flatten(openKeyring(blob, otherRoot))).toEqual(flatten(moved))
  expect(refusal(() => openKeyring(blob, rootKey)).code).toBe('wrong_key')
})

test('the history of roots keeps the newest thousand, and the current one always', () => {
  let keyring = make()
  for (let i = 0; i < 1_001; i++) {
    keyring = withRoot(keyring, { fingerprint: rootFingerprintOf, seal: 'x', now: i })
  }
  expect(keyring.roots.length).toBe(1_000)
  expect(keyring.roots.filter((root) => root.until === undefined)).toEqual([keyring.roots.at(-1)])
})

test('each purpose has its own key, and each store its own', () => {
  const keyring = make()
  const { material } = keyring
  const keys = [keyring.headKey, keyring.digestKey, keyring.stateKey, material.base]
  const other = createKeyring({
    storeId: 'f'.repeat(32),
    rootFingerprint: rootFingerprintOf,
    seal: 'x',
    now: 1,
    random,
  })
  const all = [...keys, other.headKey, activeTerm(keyring).kek, material.auditSeed]
  expect(new Set(all.map((key) => key.export().toString('hex'))).size).toBe(all.length)
})

test('the audit signer signs what its public key verifies, also after opening', () => {
  const signer = openKeyring(sealed(make()), rootKey).auditSigner
  const line = Buffer.from('a line')
  const publicKey = createPublicKey(signer.publicKeyPem)
  expect(verify(null, line, publicKey, signer.sign(line))).toBe(true)
  expect(verify(null, Buffer.from('a lime'), publicKey, signer.sign(line))).toBe(false)
  expect(publicKeyFingerprint(signer.publicKeyPem)).toBe(signer.key)
  expect(publicKey.export({ format: 'pem', type: 'spki' })).toBe(signer.publicKeyPem)
  expect(refusal(() => publicKeyFingerprint('no key')).code).toBe('invalid_key')
})

test('no key shows in print, in JSON or in the blob, and what was drawn is zeroed', () => {
  const drawn: { copy: Buffer; given: Uint8Array }[] = []
  const watched = (bytes: number): Uint8Array => {
    const given = random(bytes)
    if (bytes === 32) drawn.push({ copy: Buffer.from(given), given })
    return given
  }
  const keyring = createKeyring({
    storeId,
    rootFingerprint: rootFingerprintOf,
    seal: 'x',
    now: 1,
    random: watched,
  })
  const blob = Buffer.from(sealed(addTerm(keyring, 2, watched)))
  const shown = inspect(keyring, { depth: 9, showHidden: true }) + JSON.stringify(keyring)
  expect(drawn.length).toBe(4)
  for (const { copy, given } of drawn) {
    expect(given.every((byte) => byte === 0)).toBe(true)
    expect(blob.includes(copy)).toBe(false)
    for (const form of ['hex', 'base64', 'base64url'] as const) {
      expect(shown).not.toContain(copy.toString(form))
    }
  }
})

test.each(['', 'x', 'A'.repeat(32), 'g'.repeat(32), 'a'.repeat(31)])('store id "%s"', (id) => {
  const options = { rootFingerprint: '', seal: 'x', now: 1, random }
  expect(refusal(() => createKeyring({ storeId: id, ...options })).code).toBe('invalid_argument')
})

test('a root fingerprint is stable, and no bare hash of the key', () => {
  expect(rootFingerprint(Buffer.alloc(32))).toBe(rootFingerprint(new Uint8Array(32)))
  expect(rootFingerprint(Buffer.alloc(32))).toMatch(/^[0-9a-f]{16}$/)
})
