import { CofferError, isCofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Seal, SealContext } from '../../core/ports/seal.ts'
import type { JsonObject } from '../../core/value.ts'
import { rootFingerprint } from '../../crypto/keyring.ts'
import { ROOT_KEY_BYTES } from '../../crypto/root-key.ts'
import type { Share } from './shamir/share.ts'
import { formatShare, parseShare, shareDigest } from './shamir/share.ts'

/**
 * The root key in parts that several people hold (Shamir's scheme over GF(2^8)): options `shares` and
 * `threshold`. It exists nowhere else. A local command reads `COFFER_SHARES`, separated by spaces or commas, or
 * asks for one share after the other; a server collects them. The header keeps a digest of each, so
 * that a wrong one is told at once and spoils no attempt. The package that splits the key draws its
 * own randomness from `node:crypto`.
 */
export const shamir: Seal = {
  kind: 'shamir',
  summary: 'the key in shares for several people, of which some must come together',
  options: {
    shares: 'how many there are, 2 to 32, by default 5',
    threshold: 'how many are needed, by default 3',
  },
  // Somebody must take the shares.
  ready: () => false,
  establish: async (context) => {
    const shares = count(context, 'shares', 5)
    const threshold = count(context, 'threshold', Math.min(3, shares))
    if (threshold > shares) {
      throw new CofferError('invalid_argument', 'The threshold is greater than the shares.')
    }
    const rootKey = Uint8Array.from(context.random(ROOT_KEY_BYTES))
    const set = rootFingerprint(rootKey)
    const { split } = await import('shamir-secret-sharing')
    const parts = (await split(rootKey, shares, threshold)).map((data, at): Share => {
      return { number: at + 1, threshold, set, data }
    })
    const texts = parts.map(formatShare)
    const params: Params = { shares, threshold, set, digests: parts.map(shareDigest) }
    for (const { data } of parts) data.fill(0)
    return {
      rootKey,
      params: { ...params },
      shares: texts,
      notes: [
        `Any ${threshold} of these ${shares} shares open the store. They are shown this once.`,
        'Give each to another person: without enough of them nothing in this store can ever be read.',
      ],
    }
  },
  unseal: async (params, context) => combine(await gathered(params, context), params),
  sharing: {
    counts: (params) => {
      const { shares, threshold } = checkParams(params)
      return { shares, threshold }
    },
    check: (text, params) => check(text, params).number,
    combine: (texts, params) => combine(texts, params),
  },
}

/** What the keyring's header keeps. */
interface Params {
  readonly shares: number
  readonly threshold: number
  /** The fingerprint of the root key that they are shares of. */
  readonly set: string
  /** Of each share, by its number. */
  readonly digests: string[]
}

const MISTAKES_MAX = 3

function count({ options }: SealContext, name: string, fallback: number): number {
  const text = options[name]
  if (text === undefined) return fallback
  const number = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0
  if (number >= LIMITS.keySharesMin && number <= LIMITS.keySharesMax) return number
  throw new CofferError(
    'invalid_argument',
    `The seal option ${name} is a whole number from ${LIMITS.keySharesMin} to ${LIMITS.keySharesMax}.`,
  )
}

/** @throws `invalid_argument`, `wrong_key` */
function check(text: string, params: JsonObject): Share {
  const { set, digests } = checkParams(params)
  const share = parseShare(text)
  if (share.set === set && digests[share.number - 1] === shareDigest(share)) return share
  throw new CofferError(
    'wrong_key',
    share.set === set
      ? 'This share is none of those that were made for this store.'
      : `This share belongs to root key ${share.set}, and this store needs ${set}.`,
    {
      remedy: 'Give a share of this store: its root key is named in each.',
      details: { wanted: set, given: share.set },
    },
  )
}

async function combine(texts: readonly string[], params: JsonObject): Promise<Uint8Array> {
  const { threshold, set } = checkParams(params)
  const byNumber = new Map(texts.map((text) => check(text, params)).map((s) => [s.number, s]))
  const parts = [...byNumber.values()].map(({ data }) => data)
  if (parts.length < threshold) {
    throw new CofferError('sealed', `${parts.length} of ${threshold} shares were given.`, {
      remedy: 'Give more shares: `coffer unseal` on a server, COFFER_SHARES or the prompt here.',
    })
  }
  try {
    const { combine: join } = await import('shamir-secret-sharing')
    const rootKey = await join(parts)
    if (rootKey.length === ROOT_KEY_BYTES && rootFingerprint(rootKey) === set) return rootKey
    throw new CofferError('wrong_key', 'These shares do not make the root key of this store.')
  } catch (cause) {
    if (isCofferError(cause)) throw cause
    throw new CofferError('wrong_key', 'These shares do not fit together.', { cause })
  } finally {
    for (const part of parts) part.fill(0)
  }
}

/** From `COFFER_SHARES`, else from the people who are there, one after the other. */
async function gathered(params: JsonObject, context: SealContext): Promise<readonly string[]> {
  const given = context.env['COFFER_SHARES']?.split(/[\s,]+/).filter((text) => text !== '')
  if (given !== undefined) return given
  const { prompt } = context
  if (prompt === undefined) {
    throw new CofferError(
      'sealed',
      'The root key is in shares, and nobody can be asked for them.',
      {
        remedy:
          'Set COFFER_SHARES, shares separated by spaces or commas, or run the command on a terminal.',
      },
    )
  }
  const { threshold } = checkParams(params)
  const byNumber = new Map<number, string>()
  let mistakes = 0
  let complaint = ''
  while (byNumber.size < threshold) {
    const text = await prompt(`${complaint}Share ${byNumber.size + 1} of ${threshold}:`)
    try {
      const { number } = check(text, params)
      if (byNumber.has(number)) {
        throw new CofferError('invalid_argument', `Share ${number} was given already.`)
      }
      byNumber.set(number, text)
      complaint = ''
    } catch (error) {
      mistakes += 1
      if (!isCofferError(error) || mistakes >= MISTAKES_MAX) throw error
      complaint = `${error.message} `
    }
  }
  return [...byNumber.values()]
}

/** @throws CofferError `corrupt` */
function checkParams(params: JsonObject): Params {
  const { shares, threshold, set, digests } = params
  const sound =
    isCount(shares) &&
    isCount(threshold) &&
    threshold <= shares &&
    typeof set === 'string' &&
    Array.isArray(digests) &&
    digests.length === shares &&
    digests.every((digest) => typeof digest === 'string')
  if (sound) return { shares, threshold, set, digests }
  throw new CofferError('corrupt', "The keyring's parameters of its shares are out of bounds.")
}

const isCount = (value: unknown): value is number =>
  Number.isInteger(value) &&
  (value as number) >= LIMITS.keySharesMin &&
  (value as number) <= LIMITS.keySharesMax
