/**
 * The part of DER (ITU-T X.690) that a certificate of ours is made of: each function gives one whole
 * element. Writing only; reading certificates is left to Node.
 */
export const sequence = (...parts: readonly Buffer[]) => element(0x30, ...parts)
export const setOf = (...parts: readonly Buffer[]) => element(0x31, ...parts)
export const boolean = (value: boolean) => element(0x01, Buffer.of(value ? 0xff : 0x00))
export const octets = (bytes: Uint8Array) => element(0x04, bytes)
export const utf8 = (text: string) => element(0x0c, Buffer.from(text, 'utf8'))

/** `[number]`, primitive or constructed. */
export const tagged = (number: number, bytes: Uint8Array, constructed = true) =>
  element((constructed ? 0xa0 : 0x80) | number, bytes)

/** A whole number from its big-endian bytes, never negative. */
export function integer(bytes: Uint8Array): Buffer {
  let first = 0
  while (first < bytes.length - 1 && bytes[first] === 0) first++
  const short = bytes.subarray(first)
  return element(
    0x02,
    ((short[0] ?? 0) & 0x80) === 0 ? short : Buffer.concat([Buffer.of(0), short]),
  )
}

/** Bits that fill whole bytes, or leave `unused` at the end. */
export const bits = (bytes: Uint8Array, unused = 0) =>
  element(0x03, Buffer.concat([Buffer.of(unused), bytes]))

/** Of the form `1.2.840.10045`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return element(0x06, Buffer.from([first * 40 + second, ...rest].flatMap(base128)))
}

/** Seconds, UTC: the short form until 2049, as RFC 5280 (4.1.2.5) wants it. */
export function time(atMs: number): Buffer {
  const text = new Date(atMs).toISOString().replace(/[-:T]|\.\d+/g, '')
  const short = Number(text.slice(0, 4)) < 2050
  return element(short ? 0x17 : 0x18, Buffer.from(short ? text.slice(2) : text, 'latin1'))
}

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.of(tag), length(content.length), content])
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size)
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(size)
  const short = bytes.subarray(bytes.findIndex((byte) => byte !== 0))
  return Buffer.concat([Buffer.of(0x80 | short.length), short])
}

function base128(number: number): number[] {
  const digits = [number & 0x7f]
  for (let rest = number >>> 7; rest > 0; rest >>>= 7) digits.unshift((rest & 0x7f) | 0x80)
  return digits
}
