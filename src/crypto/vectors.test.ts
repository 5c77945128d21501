import { createHash, createSecretKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../core/value.ts'
import { seededRandom } from '../testing/seeded-random.ts'
import { EMPTY_DIGEST, addToDigest, digestElement } from './digest.ts'
import { openEnvelope, rewrapEnvelope, sealEnvelope } from './envelope.ts'
import type { Binding } from './envelope.ts'
import { openHead, sealHead } from './head.ts'
import {
  activeTerm,
  addTerm,
  createKeyring,
  destroyTerms,
  openKeyring,
  rootFingerprint,
  sealKeyring,
} from './keyring.ts'

/**
 * The golden vectors of docs/formats/vectors. They are never edited: when one of these tests fails,
 * stores that exist can no longer be read, and a new format number is needed.
 */
const CASES = 10_000
const KEYRING_CASES = 500

const vectors = <T>(name: string): T =>
  JSON.parse(
    readFileSync(new URL(`../../docs/formats/vectors/${name}.json`, import.meta.url), 'utf8'),
  ) as T
const unhex = (text: string): Buffer => Buffer.from(text, 'hex')
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const drawn = (text: string) => {
  let rest = unhex(text)
  return (bytes: number): Uint8Array => {
    const taken = Uint8Array.from(rest.subarray(0, bytes))
    rest = rest.subarray(bytes)
    return taken
  }
}

interface EnvelopeVectors {
  readonly cases: readonly (Binding & {
    readonly name: string
    readonly kek: string
    readonly term: number
    readonly plaintext: string
    readonly random: string
    readonly envelope: string
  })[]
  readonly folded: string
}

describe('envelope v1', () => {
  const { cases, folded } = vectors<EnvelopeVectors>('envelope')

  test.each(cases)('$name', (it) => {
    const kek = createSecretKey(unhex(it.kek))
    const sealed = sealEnvelope(kek, it.term, it, unhex(it.plaintext), drawn(it.random))
    expect(hex(sealed)).toBe(it.envelope)
    expect(hex(openEnvelope(unhex(it.envelope), () => kek, it))).toBe(it.plaintext)
  })

  test(`${CASES} seeded cases`, () => {
    const random = seededRandom('envelope vectors')
    const fold = createHash('sha256')
    for (let i = 0; i < CASES; i++) {
      const kek = createSecretKey(random(32))
      const binding = {
        storeId: hex(random(16)),
        id: hex(random(16)),
        version: i + 1,
        path: `shop/${hex(random(1 + (i % 40)))}`,
      }
      const plaintext = random(i % 257)
      const envelope = sealEnvelope(kek, i + 1, binding, plaintext, random)
      fold.update(envelope)
      fold.update(rewrapEnvelope(envelope, () => kek, kek, i + 2, binding, random, 'moved'))
    }
    expect(fold.digest('hex')).toBe(folded)
  })
})

interface HeadVectors {
  readonly cases: readonly {
    readonly name: string
    readonly key: string
    readonly digestKey: string
    readonly storeId: string
    readonly kind: string
    readonly json: string
    readonly head: string
    readonly element: string
  }[]
  /** Of all the elements above. */
  readonly digest: string
  readonly folded: string
}

describe('head v1', () => {
  const { cases, digest, folded } = vectors<HeadVectors>('head')

  test.each(cases)('$name', (it) => {
    const key = createSecretKey(unhex(it.key))
    expect(hex(sealHead(key, it.storeId, it.kind, it.json))).toBe(it.head)
    const opened = openHead(key, it.storeId, it.kind, unhex(it.head))
    expect(Buffer.from(opened).toString('utf8')).toBe(it.json)
    expect(hex(digestElement(createSecretKey(unhex(it.digestKey)), unhex(it.head)))).toBe(
      it.element,
    )
  })

  test('the digest of all of them', () => {
    const sum = cases.map((it) => unhex(it.element)).reduce(addToDigest, EMPTY_DIGEST)
    expect(hex(sum)).toBe(digest)
  })

  test(`${CASES} seeded cases`, () => {
    const random = seededRandom('head vectors')
    const key = createSecretKey(random(32))
    const digestKey = createSecretKey(random(32))
    let sum = EMPTY_DIGEST
    for (let i = 0; i < CASES; i++) {
      const json = JSON.stringify({ path: hex(random(i % 60)), revision: i })
      const head = sealHead(key, hex(random(16)), i % 2 === 0 ? 'secret' : 'policy', json)
      sum = addToDigest(sum, digestElement(digestKey, head))
    }
    expect(hex(sum)).toBe(folded)
  })
})

interface KeyringVectors {
  readonly cases: readonly {
    readonly name: string
    readonly rootKey: string
    readonly rootFingerprint: string
    readonly blob: string
    readonly header: JsonObject
    readonly terms: readonly { readonly term: number; readonly kek?: string }[]
    readonly headKey: string
    readonly digestKey: string
    readonly stateKey: string
    readonly auditKey: string
    readonly auditPublicKeyPem: string
    /** Ed25519 over the bytes of "coffer". */
    readonly signature: string
  }[]
  readonly folded: string
}

describe('keyring v1', () => {
  const { cases, folded } = vectors<KeyringVectors>('keyring')

  test.each(cases)('$name', (it) => {
    const rootKey = unhex(it.rootKey)
    expect(rootFingerprint(rootKey)).toBe(it.rootFingerprint)
    const opened = openKeyring(unhex(it.blob), rootKey)
    expect({
      terms: opened.terms.map(({ kek, ...rest }) =>
        kek === undefined ? rest : { ...rest, kek: hex(kek.export()) },
      ),
      headKey: hex(opened.headKey.export()),
      digestKey: hex(opened.digestKey.export()),
      stateKey: hex(opened.stateKey.export()),
      auditKey: opened.auditSigner.key,
      auditPublicKeyPem: opened.auditSigner.publicKeyPem,
      signature: hex(opened.auditSigner.sign(Buffer.from('coffer'))),
    }).toEqual({
      terms: it.terms,
      headKey: it.headKey,
      digestKey: it.digestKey,
      stateKey: it.stateKey,
      auditKey: it.auditKey,
      auditPublicKeyPem: it.auditPublicKeyPem,
      signature: it.signature,
    })
  })

  test(`${KEYRING_CASES} seeded cases`, () => {
    const random = seededRandom('keyring vectors')
    const fold = createHash('sha256')
    for (let i = 0; i < KEYRING_CASES; i++) {
      const rootKey = random(32)
      let keyring = createKeyring({
        storeId: hex(random(16)),
        rootFingerprint: rootFingerprint(rootKey),
        seal: 'key-file',
        now: i,
        random,
      })
      for (let n = 0; n < i % 4; n++) keyring = addTerm(keyring, i + n, random)
      if (activeTerm(keyring).term > 2) keyring = destroyTerms(keyring, [1], i)
      const params = { file: hex(random(i % 20)) }
      const blob = sealKeyring(keyring, rootKey, { seal: 'key-file', params }, random)
      fold.update(blob)
      fold.update(openKeyring(blob, rootKey).auditSigner.sign(blob))
    }
    expect(fold.digest('hex')).toBe(folded)
  })
})
