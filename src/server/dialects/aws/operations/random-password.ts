import type { Call, Operation } from '../call.ts'
import { faults } from '../errors/faults.ts'
import { Flag } from '../shapes/members.ts'
import { number, struct, text } from '../shapes/shape.ts'

interface PasswordInput {
  readonly PasswordLength?: number
  readonly ExcludeCharacters?: string
  readonly ExcludeNumbers?: boolean
  readonly ExcludePunctuation?: boolean
  readonly ExcludeUppercase?: boolean
  readonly ExcludeLowercase?: boolean
  readonly IncludeSpace?: boolean
  readonly RequireEachIncludedType?: boolean
}

export const getRandomPassword: Operation = {
  kind: 'read',
  input: struct({
    PasswordLength: number(1, 4_096),
    ExcludeCharacters: text({ min: 0, max: 4_096, sensitive: true }),
    ExcludeNumbers: Flag,
    ExcludePunctuation: Flag,
    ExcludeUppercase: Flag,
    ExcludeLowercase: Flag,
    IncludeSpace: Flag,
    RequireEachIncludedType: Flag,
  }),
  async run(call: Call, input: PasswordInput) {
    return { RandomPassword: randomPassword(input, (bytes) => call.server.random(bytes)) }
  },
}

/**
 * Each character as likely as any other that is left; with `RequireEachIncludedType` (the default)
 * at least one of each kind that is included, at places that chance decides too.
 * @throws AwsFault `InvalidParameterException`
 */
export function randomPassword(
  input: PasswordInput,
  random: (bytes: number) => Uint8Array,
): string {
  const { PasswordLength: length = 32, RequireEachIncludedType: each = true } = input
  const excluded = new Set(input.ExcludeCharacters)
  const kinds = [
    input.ExcludeLowercase === true ? '' : 'abcdefghijklmnopqrstuvwxyz',
    input.ExcludeUppercase === true ? '' : 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
    input.ExcludeNumbers === true ? '' : '0123456789',
    input.ExcludePunctuation === true ? '' : PUNCTUATION,
    input.IncludeSpace === true ? ' ' : '',
  ]
    .map((kind) => Array.from(kind).filter((char) => !excluded.has(char)))
    .filter((kind) => kind.length > 0)
  const all = kinds.flat()
  if (all.length === 0) {
    throw faults.parameter('All of the characters are excluded: no password can be made.')
  }
  const required = each ? kinds.filter((kind) => !kind.includes(' ')) : []
  if (length < required.length) {
    throw faults.parameter('Password length is too short based on the required types.')
  }
  if (each && length > required.length) required.push(...kinds.filter((kind) => kind.includes(' ')))
  const below = chooser(random)
  const chars = required.map((kind) => kind[below(kind.length)])
  while (chars.length < length) chars.push(all[below(all.length)])
  for (let i = chars.length - 1; i > 0; i--) {
    const j = below(i + 1)
    ;[chars[i], chars[j]] = [chars[j], chars[i]]
  }
  return chars.join('')
}

/** Whole numbers below a bound, none likelier than another: what would tilt them is drawn again. */
function chooser(random: (bytes: number) => Uint8Array): (bound: number) => number {
  let pool = Buffer.alloc(0)
  let at = 0
  return (bound) => {
    const fair = 65_536 - (65_536 % bound)
    for (;;) {
      if (at + 2 > pool.length) {
        pool = Buffer.from(random(POOL_BYTES))
        at = 0
      }
      const drawn = pool.readUInt16BE(at)
      at += 2
      if (drawn < fair) return drawn % bound
    }
  }
}

const PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'
const POOL_BYTES = 512
