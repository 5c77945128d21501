import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { refusal } from '../testing/refusal.ts'
import { openAead, openGcm, sealAead, sealGcm } from './aead.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const code = (run: () => unknown): string => refusal(run).code

const K = 'feffe9928665731c6d6a8f9467308308'.repeat(2)
const P =
  'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72' +
  '1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255'
const C =
  '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa' +
  '8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad'

/** McGrew and Viega, "The Galois/Counter Mode of Operation", appendix B: AES-256, 96-bit nonces. */
const PUBLISHED = [
  {
    name: 'case 13',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '',
    ciphertext: '',
    tag: '530f8afbc74536b9a963b4f1c4cb738b',
  },
  {
    name: 'case 14',
    key: '00'.repeat(32),
    nonce: '00'.repeat(12),
    aad: '',
    plaintext: '00'.repeat(16),
    ciphertext: 'cea7403d4d606b6e074ec5d3baf39d18',
    tag: 'd0d1c8a799996bf0265b98b5d48ab919',
  },
  {
    name: 'case 15',
    key: K,
    nonce: 'cafebabefacedbaddecaf888',
    aad: '',
    plaintext: P,
    ciphertext: C,
    tag: 'b094dac5d93471bdec1a502270e3cc6c',
  },
  {
    name: 'case 16',
    key: K,
    nonce: 'cafebabefacedbaddecaf888',
    aad: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
    plaintext: P.slice(0, 120),
    ciphertext: C.slice(0, 120),
    tag: '76fc6ece0f4e1768cddf8853bb2d551b',
  },
]

describe.each(PUBLISHED)('GCM $name', (vector) => {
  const key = hex(vector.key)
  const nonce = hex(vector.nonce)
  const aad = hex(vector.aad)
  const ciphertext = hex(vector.ciphertext)
  const tag = hex(vector.tag)

  test('sealing gives the published bytes', () => {
    const sealed = sealGcm({ key, nonce, aad, plaintext: hex(vector.plaintext) })
    expect(Buffer.from(sealed.ciphertext).toString('hex')).toBe(vector.ciphertext)
    expect(Buffer.from(sealed.tag).toString('hex')).toBe(vector.tag)
  })

  test('opening inverts it, and refuses every other tag length', () => {
    const opened = openGcm({ key, nonce, aad, ciphertext, tag })
    expect(Buffer.from(opened).toString('hex')).toBe(vector.plaintext)
    for (const length of [0, 4, 8, 12, 13, 14, 15]) {
      const short = tag.subarray(0, length)
      expect(code(() => openGcm({ key, nonce, aad, ciphertext, tag: short }))).toBe('corrupt')
    }
    const long = Buffer.concat([tag, Buffer.alloc(1)])
    expect(code(() => openGcm({ key, nonce, aad, ciphertext, tag: long }))).toBe('corrupt')
  })

  test('a changed tag, nonce or associated data is refused', () => {
    const flip = (bytes: Buffer): Buffer => {
      const other = Buffer.from(bytes)
      other[0] = other[0]! ^ 0x80
      return other
    }
    const box = { key, nonce, aad, ciphertext, tag }
    expect(code(() => openGcm({ ...box, tag: flip(tag) }))).toBe('corrupt')
    expect(code(() => openGcm({ ...box, nonce: flip(nonce) }))).toBe('corrupt')
    expect(code(() => openGcm({ ...box, aad: Buffer.concat([aad, hex('00')]) }))).toBe('corrupt')
    expect(code(() => openGcm({ ...box, key: flip(key) }))).toBe('corrupt')
  })
})

const key = Buffer.alloc(32, 7)
const nothing = new Uint8Array()

test.each([0, 8, 11, 13, 16])('a nonce of %i bytes is refused', (length) => {
  const nonce = Buffer.alloc(length)
  expect(code(() => sealGcm({ key, nonce, aad: nothing, plaintext: nothing }))).toBe(
    'invalid_argument',
  )
  const box = { key, nonce, aad: nothing, ciphertext: nothing, tag: Buffer.alloc(16) }
  expect(code(() => openGcm(box))).toBe('corrupt')
})

test.each([0, 16, 24, 31, 33])('a key of %i bytes is refused', (length) => {
  const short = Buffer.alloc(length)
  expect(code(() => sealAead(short, nothing, nothing, randomBytes))).toBe('invalid_argument')
  expect(code(() => openAead(short, Buffer.alloc(28), nothing))).toBe('invalid_argument')
})

test('what is too short to hold nonce and tag is refused', () => {
  for (let length = 0; length < 28; length++) {
    expect(code(() => openAead(key, Buffer.alloc(length), nothing))).toBe('corrupt')
  }
})

test('the same plaintext never seals to the same bytes', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 1_000; i++) {
    seen.add(Buffer.from(sealAead(key, nothing, nothing, randomBytes)).toString('hex'))
  }
  expect(seen.size).toBe(1_000)
})
