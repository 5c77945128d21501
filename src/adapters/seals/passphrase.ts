import { argon2 } from 'node:crypto'
import { CofferError } from '../../core/errors.ts'
import type { Seal, SealContext } from '../../core/ports/seal.ts'
import type { JsonObject } from '../../core/value.ts'
import { readPrivateFile } from './private-file.ts'

/**
 * The root key from a passphrase by Argon2id (RFC 9106): option `passphraseFile`, then
 * `COFFER_PASSPHRASE`, then a person is asked. The work factors and the salt rest in the keyring's
 * header, where anyone could change them, so they are refused outside their bounds.
 */
export const passphrase: Seal = {
  kind: 'passphrase',
  summary: 'a passphrase, stretched with Argon2id',
  options: { passphraseFile: 'a file that has the passphrase (--passphrase-file)' },
  ready: ({ env, options }) =>
    env['COFFER_PASSPHRASE'] !== undefined || options['passphraseFile'] !== undefined,
  establish: async (context) => {
    const words = await newPassphrase(context)
    const work: Work = { ...WORK, salt: Buffer.from(context.random(SALT_BYTES)).toString('base64') }
    return {
      rootKey: await stretch(words, work),
      params: { ...work },
      notes: [
        'Without the passphrase nothing in this store can ever be read. Nobody can reset it.',
      ],
    }
  },
  unseal: async (params, context) => {
    const work = checkWork(params)
    return stretch((await givenPassphrase(context)) ?? (await ask(context, 'Passphrase: ')), work)
  },
}

interface Work {
  readonly algorithm: 'argon2id'
  readonly memoryKiB: number
  readonly passes: number
  readonly parallelism: number
  /** Base64. */
  readonly salt: string
}

/** RFC 9106, section 4, second recommended option. */
const WORK = { algorithm: 'argon2id', memoryKiB: 65_536, passes: 3, parallelism: 4 } as const
const SALT_BYTES = 16
const KEY_BYTES = 32

/** The least keeps a changed header from weakening a guess, the most from exhausting the machine. */
const BOUNDS = {
  memoryKiB: { min: WORK.memoryKiB, max: 262_144 },
  passes: { min: WORK.passes, max: 10 },
  parallelism: { min: 1, max: 16 },
} as const

const PASSPHRASE_CHARS_MIN = 8
const PASSPHRASE_BYTES_MAX = 1_024

async function newPassphrase(context: SealContext): Promise<string> {
  const given = await givenPassphrase(context)
  const words = given ?? (await ask(context, 'New passphrase: '))
  if (Array.from(words).length < PASSPHRASE_CHARS_MIN) {
    throw new CofferError(
      'invalid_key',
      `A passphrase has at least ${PASSPHRASE_CHARS_MIN} characters.`,
      { remedy: 'Choose a longer one: five random words are good.' },
    )
  }
  if (given === undefined && (await ask(context, 'The same again: ')) !== words) {
    throw new CofferError('invalid_key', 'The two passphrases differ.', {
      remedy: 'Try again; nothing was made.',
    })
  }
  return words
}

async function givenPassphrase({ env, options }: SealContext): Promise<string | undefined> {
  const file = options['passphraseFile']
  if (file !== undefined) return checkPassphrase(readWords(file), `Passphrase file ${file}`)
  const words = env['COFFER_PASSPHRASE']
  return words === undefined ? undefined : checkPassphrase(words, 'COFFER_PASSPHRASE')
}

async function ask(context: SealContext, question: string): Promise<string> {
  if (context.prompt === undefined) {
    throw new CofferError(
      'sealed',
      'The passphrase is not given, and nobody can be asked for it.',
      {
        remedy: 'Set COFFER_PASSPHRASE, or name a file with --passphrase-file.',
      },
    )
  }
  return checkPassphrase(await context.prompt(question), 'The passphrase')
}

function readWords(file: string): string {
  const bytes = readPrivateFile(file, 'Passphrase file')
  try {
    return bytes.toString('utf8').replace(/\r?\n$/, '')
  } finally {
    bytes.fill(0)
  }
}

/** In Unicode NFC, so that two keyboards that type the same words make the same key. */
function checkPassphrase(words: string, source: string): string {
  if (words === '') throw badPassphrase(`${source} is empty.`)
  if (Buffer.byteLength(words) > PASSPHRASE_BYTES_MAX) {
    throw badPassphrase(`${source} has more than ${PASSPHRASE_BYTES_MAX} bytes.`)
  }
  return words.normalize('NFC')
}

const badPassphrase = (message: string) =>
  new CofferError('invalid_key', message, { remedy: 'Give the passphrase of this store.' })

function checkWork(params: JsonObject): Work {
  const salt = params['salt']
  const factors = Object.entries(BOUNDS).every(([name, { min, max }]) => {
    const value = params[name]
    return Number.isInteger(value) && (value as number) >= min && (value as number) <= max
  })
  if (
    !factors ||
    params['algorithm'] !== WORK.algorithm ||
    typeof salt !== 'string' ||
    Buffer.from(salt, 'base64').length !== SALT_BYTES
  ) {
    throw new CofferError('corrupt', "The keyring's passphrase parameters are out of bounds.")
  }
  return params as unknown as Work
}

function stretch(words: string, work: Work): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
  const message = Buffer.from(words, 'utf8')
  argon2(
    work.algorithm,
    {
      message,
      nonce: Buffer.from(work.salt, 'base64'),
      memory: work.memoryKiB,
      passes: work.passes,
      parallelism: work.parallelism,
      tagLength: KEY_BYTES,
    },
    (error, key) => {
      message.fill(0)
      if (error === null) resolve(key)
      else reject(new CofferError('unavailable', 'Argon2id failed.', { cause: error }))
    },
  )
  return promise
}
