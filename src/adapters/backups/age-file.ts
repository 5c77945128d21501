import { createReadStream } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { CofferError, isCofferError } from '../../core/errors.ts'
import { partialOf, removeAbandoned } from './partial.ts'

/** Backups are age files (https://age-encryption.org/v1), so that any age tool opens them. */
export interface AgeKeys {
  readonly recipients?: readonly string[] | undefined
  readonly identities?: readonly string[] | undefined
  readonly passphrase?: string | undefined
}

const CHUNK_BYTES = 65_536
/** A line holds one envelope at most: 1 MiB as base64, and its names. */
const LINE_CHARS_MAX = 2_097_152

/**
 * Encrypts text into `file`: 0600 from the first byte, beside its final place, synced, then renamed;
 * nothing is left of one that failed. Returns its size in bytes.
 * @throws CofferError `invalid_argument` for an odd recipient, `not_found` where the folder is not there,
 * `store_full`, `store_unavailable`
 */
export async function writeAgeFile(
  file: string,
  keys: AgeKeys,
  text: AsyncIterable<string>,
): Promise<number> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  const { recipients = [], passphrase } = keys
  if (recipients.length > 0 === (passphrase !== undefined)) {
    throw new CofferError('invalid_argument', 'A backup takes recipients or a passphrase.', {
      remedy: 'Give --recipient age1… (repeatable) or --backup-passphrase-file FILE.',
    })
  }
  try {
    if (passphrase !== undefined) encrypter.setPassphrase(passphrase)
    for (const recipient of recipients) encrypter.addRecipient(recipient)
  } catch (cause) {
    throw new CofferError('invalid_argument', 'A recipient is not an age public key (age1…).', {
      cause,
    })
  }
  const partial = partialOf(file)
  try {
    await removeAbandoned(file)
    const handle = await open(partial, 'wx', 0o600)
    let bytes = 0
    try {
      const clear = Readable.toWeb(Readable.from(inChunks(text))) as ReadableStream<Uint8Array>
      for await (const chunk of await encrypter.encrypt(clear)) {
        await handle.writeFile(chunk)
        bytes += chunk.length
      }
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(partial, file)
    await syncDirectory(dirname(file))
    return bytes
  } catch (error) {
    await rm(partial, { force: true })
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw noFolder(file)
    throw fileError(error, file)
  }
}

/**
 * The lines of a backup, decrypted as they are read.
 * @throws CofferError `backup_key` when the key is not one of its keys, `backup_invalid` when it is
 * cut or changed, `not_found`
 */
export async function* readAgeFile(file: string, keys: AgeKeys): AsyncGenerator<string> {
  const { Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  try {
    if (keys.passphrase !== undefined) decrypter.addPassphrase(keys.passphrase)
    for (const identity of keys.identities ?? []) decrypter.addIdentity(identity)
  } catch (cause) {
    throw new CofferError('invalid_key', 'An identity is not an age secret key.', {
      remedy: 'It begins with AGE-SECRET-KEY-1.',
      cause,
    })
  }
  const stream = createReadStream(file, { highWaterMark: CHUNK_BYTES })
  try {
    const sealed = Readable.toWeb(stream) as ReadableStream<Uint8Array>
    const clear = await decrypter.decrypt(sealed)
    yield* linesOf(clear)
  } catch (error) {
    throw readError(error, file)
  } finally {
    stream.destroy()
  }
}

async function* inChunks(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const part of text) {
    const bytes = Buffer.from(part)
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
      yield new Uint8Array(bytes.subarray(at, at + CHUNK_BYTES))
    }
  }
}

async function* linesOf(clear: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let rest = ''
  for await (const chunk of clear) {
    rest += decoder.decode(chunk, { stream: true })
    let from = 0
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n', from)) {
      yield rest.slice(from, end)
      from = end + 1
    }
    rest = rest.slice(from)
    if (rest.length > LINE_CHARS_MAX) throw invalid()
  }
  if (rest !== '') throw invalid()
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const invalid = (cause?: unknown) =>
  new CofferError('backup_invalid', 'The backup is damaged or cut short.', { cause })

/** age has no error codes: a wrong key is told from damage by its words. */
function readError(error: unknown, file: string): unknown {
  if (isCofferError(error)) return error
  const { code, message = '' } = error as Partial<NodeJS.ErrnoException>
  if (code === 'ENOENT')
    return new CofferError('not_found', `There is no file ${file}.`, {
      remedy: 'Check the name of the file.',
    })
  if (code !== undefined) return fileError(error, file)
  if (message.startsWith('no identity matched')) {
    return new CofferError('backup_key', 'This key does not open the backup.', { cause: error })
  }
  return invalid(error)
}

const noFolder = (file: string) =>
  new CofferError('not_found', `There is no folder ${dirname(file)} for a backup.`, {
    remedy: 'Make it, or correct the name of the file.',
  })

function fileError(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (isCofferError(error) || code === undefined) return error
  const full = code === 'ENOSPC' || code === 'EDQUOT'
  return new CofferError(
    full ? 'store_full' : 'store_unavailable',
    `The file ${file} cannot be used (${code}).`,
    { cause: error },
  )
}
