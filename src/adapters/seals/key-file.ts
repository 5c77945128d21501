import { basename, dirname, join, resolve } from 'node:path'
import { CofferError, isCofferError } from '../../core/errors.ts'
import type { Seal, SealContext } from '../../core/ports/seal.ts'
import type { JsonObject } from '../../core/value.ts'
import { formatRootKey, parseRootKey, ROOT_KEY_BYTES } from '../../crypto/root-key.ts'
import { isInside, writePrivateFile } from './new-private-file.ts'
import { readPrivateFile } from './private-file.ts'

/**
 * The root key in a file: option `file`, then `COFFER_KEY_FILE`, then where the keyring says it was.
 * Making a store takes the key that the named file holds, or makes one there; without a name it
 * makes one under `<configDir>/keys`. A key is never kept inside the data directory.
 */
export const keyFile: Seal = {
  kind: 'key-file',
  summary: 'a key file of mode 0600 outside the data directory, made when there is none',
  options: { file: 'the file (--key-file)' },
  ready: () => true,
  establish: async (context) => {
    const named = namedFile(context)
    const file = named ?? freshFile(context)
    refuseInside(file, context.dataDir)
    const found = named === undefined ? undefined : findKey(named)
    if (found !== undefined) return { rootKey: found, params: { file } }
    const rootKey = context.random(ROOT_KEY_BYTES)
    writeKey(file, rootKey)
    return {
      rootKey,
      params: { file },
      notes: [
        `The root key is in ${file}.`,
        'Back it up apart from the data: without it nothing in this store can ever be read.',
      ],
    }
  },
  unseal: async (params, context) => {
    try {
      return readKey(namedFile(context) ?? rememberedFile(params))
    } catch (error) {
      throw isCofferError(error, 'sealed') && hasKeyElsewhere(context) ? notRead(error) : error
    }
  },
}

const hasKeyElsewhere = ({ env }: SealContext): boolean =>
  (env['COFFER_MASTER_KEY'] ?? env['OBSERVABILITY_MASTER_KEY']) !== undefined

const notRead = (error: CofferError): CofferError =>
  new CofferError('sealed', error.message, {
    remedy:
      'COFFER_MASTER_KEY is set, and not read: this store is sealed by a key file. Write the key to a file that only you can read, and name that with --key-file.',
    details: error.details,
    cause: error,
  })

const WHAT = 'Key file'

function namedFile({ options, env }: SealContext): string | undefined {
  const named = options['file'] ?? env['COFFER_KEY_FILE']
  if (named === undefined) return undefined
  if (named === '') throw new CofferError('invalid_argument', 'The name of the key file is empty.')
  return resolve(named)
}

function rememberedFile(params: JsonObject): string {
  const { file } = params
  if (typeof file === 'string' && file !== '') return file
  throw new CofferError('sealed', 'The keyring does not say which file holds its root key.', {
    remedy: 'Name it: COFFER_KEY_FILE or --key-file.',
  })
}

/** Named after the data directory for people, and random, so that no two stores ever meet. */
function freshFile({ configDir, dataDir, random }: SealContext): string {
  const store = basename(resolve(dataDir)).replace(/[^A-Za-z0-9-]+/g, '') || 'coffer'
  const suffix = Buffer.from(random(6)).toString('hex')
  return join(resolve(configDir), 'keys', `${store}-${suffix}.key`)
}

function readKey(file: string): Uint8Array {
  const bytes = readPrivateFile(file, WHAT)
  try {
    return parseRootKey(bytes.toString('latin1'), `${WHAT} ${file}`)
  } finally {
    bytes.fill(0)
  }
}

/** A file that is not there yet is an answer here; anything else that keeps it from being read is not. */
function findKey(file: string): Uint8Array | undefined {
  try {
    return readKey(file)
  } catch (error) {
    if (error instanceof CofferError && error.code === 'sealed') return undefined
    throw error
  }
}

function writeKey(file: string, rootKey: Uint8Array): void {
  const bytes = Buffer.from(`${formatRootKey(rootKey)}\n`, 'latin1')
  try {
    writePrivateFile(file, bytes, WHAT)
  } finally {
    bytes.fill(0)
  }
}

function refuseInside(file: string, dataDir: string): void {
  if (!isInside(file, dataDir)) return
  throw new CofferError(
    'invalid_argument',
    `The key file ${file} would lie inside the data directory, and travel with every copy of it.`,
    { remedy: 'Name a file elsewhere with --key-file.', details: { file, dir: dirname(file) } },
  )
}
