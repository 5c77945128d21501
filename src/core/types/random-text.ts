import { CofferError } from '../errors.ts'
import type { Random } from '../ports/ambient.ts'
import type { TypeSpec } from './spec.ts'

/**
 * At least 24 characters unless told otherwise, evenly drawn from those passwords that have all of
 * `a-z`, `A-Z`, `0-9` and `-._~` and begin with a letter. These characters pass unchanged through
 * URLs, shells, JSON, YAML and env files.
 */
export function generatePassword(
  spec: TypeSpec,
  length: number | undefined,
  random: Random,
): string {
  const chars = lengthWithin(spec, length, PASSWORD_CHARS, 8)
  return firstThat(
    () => draw(PASSWORD_ALPHABET, chars, random),
    (text) => CLASSES.every((inClass) => inClass.test(text)),
  )
}

/** base64url of 32 bytes (43 characters), or so many characters of its alphabet. Never begins with `-`. */
export function generateToken(spec: TypeSpec, length: number | undefined, random: Random): string {
  const chars = lengthWithin(spec, length, TOKEN_CHARS, 1)
  const make =
    chars === TOKEN_CHARS
      ? () => Buffer.from(random(32)).toString('base64url')
      : () => draw(TOKEN_ALPHABET, chars, random)
  return firstThat(make, (text) => !text.startsWith('-'))
}

/**
 * What was asked for, or the default moved into the bounds of the type.
 * @throws CofferError `invalid_argument` when the bounds leave no room
 */
export function lengthWithin(
  spec: TypeSpec,
  length: number | undefined,
  usual: number,
  least: number,
): number {
  const min = Math.max(Math.ceil(spec.min ?? least), least)
  const max = Math.floor(spec.max ?? Infinity)
  const chosen = length ?? Math.min(Math.max(usual, min), max)
  if (chosen < min || chosen > max) {
    const room =
      max === Infinity
        ? `at least ${min}`
        : max < min
          ? `${min} or more, past max`
          : `${min} to ${max}`
    throw new CofferError(
      'invalid_argument',
      `The length of a generated ${spec.name} is ${room}.`,
      {
        remedy: 'Ask for such a length, or change min and max of the type.',
      },
    )
  }
  return chosen
}

/**
 * Draws until a draw fits: what comes out is even over all that fit.
 * @throws CofferError `internal` when none does, which sound randomness makes impossible in practice
 */
function firstThat<T>(make: () => T, fits: (made: T) => boolean): T {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const made = make()
    if (fits(made)) return made
  }
  throw repeats()
}

const PASSWORD_CHARS = 24
const TOKEN_CHARS = 43
const TRIES_MAX = 10_000
const TOKEN_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const PASSWORD_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~'
const CLASSES = [/^[A-Za-z]/, /[a-z]/, /[A-Z]/, /[0-9]/, /[-._~]/]

/** A byte past the last whole multiple of the alphabet is drawn again: no character is likelier. */
export function draw(alphabet: string, chars: number, random: Random): string {
  const fair = 256 - (256 % alphabet.length)
  let text = ''
  for (let calls = 0; calls < TRIES_MAX; calls++) {
    for (const byte of random(chars - text.length)) {
      if (byte < fair) text += alphabet[byte % alphabet.length]
    }
    if (text.length === chars) return text
  }
  throw repeats()
}

const repeats = () => new CofferError('internal', 'The source of randomness repeats itself.')
