import { CofferError } from '../errors.ts'
import { lengthWithin } from './random-text.ts'
import { badValue, checkBounds, textOf } from './row.ts'
import type { TypeRow } from './row.ts'
import type { TypeSpec } from './spec.ts'

/** Lengths that ciphers and MACs take, when the type names none. */
const USUAL_LENGTHS = [16, 24, 32, 64]

/** Text may be readable in several notations; it is accepted when any of them gives the length. */
export const encryptionKey: TypeRow = {
  summary: 'A key: raw bytes, or text as hex, base64 or base64url.',
  constraints: ['lengthBytes', 'min', 'max'],
  check: (spec, value) => {
    const lengths =
      value.encoding === 'bytes' ? [value.bytes.length] : decodedLengths(textOf(spec, value))
    if (lengths.length === 0) throw badValue(spec, 'is raw bytes, hex, base64 or base64url')
    const legal = spec.lengthBytes === undefined ? USUAL_LENGTHS : [spec.lengthBytes]
    const fitting = lengths.filter((length) => legal.includes(length))
    if (fitting.length === 0) throw badValue(spec, `has ${legal.join(', ')} bytes`)
    if (!fitting.some((length) => isWithin(spec, length))) {
      checkBounds(spec, fitting[0] ?? 0, ' bytes')
    }
  },
  generate: (spec, length, random) => {
    const bytes =
      length ?? spec.lengthBytes ?? USUAL_LENGTHS.findLast((n) => n <= 32 && isWithin(spec, n))
    const legal = spec.lengthBytes === undefined ? USUAL_LENGTHS : [spec.lengthBytes]
    if (bytes === undefined || !legal.includes(bytes) || !isWithin(spec, bytes)) {
      throw new CofferError(
        'invalid_argument',
        `A generated ${spec.name} has ${legal.join(', ')} bytes.`,
        {
          remedy: 'Ask for such a length, or change the type.',
        },
      )
    }
    return Buffer.from(random(bytes)).toString('base64')
  },
}

export const binary: TypeRow = {
  summary: 'Any bytes.',
  constraints: ['min', 'max'],
  check: (spec, value) => checkBounds(spec, value.bytes.length, ' bytes'),
  generate: (spec, length, random) => Uint8Array.from(random(lengthWithin(spec, length, 32, 1))),
}

const HEX = /^(?:[0-9A-Fa-f]{2})+$/
const BASE64 = /^(?:[A-Za-z0-9+/]+={0,2}|[A-Za-z0-9_-]+={0,2})$/

function decodedLengths(text: string): number[] {
  const lengths: number[] = []
  if (HEX.test(text)) lengths.push(text.length / 2)
  if (BASE64.test(text)) {
    const digits = text.replaceAll('=', '')
    const padding = text.length - digits.length
    const whole = digits.length % 4 !== 1 && (padding === 0 || text.length % 4 === 0)
    if (whole) lengths.push(Math.floor((digits.length * 3) / 4))
  }
  return lengths
}

const isWithin = (spec: TypeSpec, length: number): boolean =>
  length >= (spec.min ?? 0) && length <= (spec.max ?? Infinity)
