import { isUtf8 } from 'node:buffer'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { decodeText } from '../core/secret.ts'
import { readFile } from './files.ts'
import { usage } from './parse.ts'
import type { World } from './world.ts'

export interface ValueInputOptions {
  readonly file: string | undefined
  readonly raw: boolean
  readonly allowEmpty: boolean
}

/**
 * A value from a file, from stdin, or from a person at the terminal; one final newline is taken off
 * unless `raw`. Text where it is UTF-8, else bytes.
 * @throws CofferError `invalid_value` when it is empty and that is not allowed, `too_large`
 */
export async function readValue(
  world: World,
  question: string,
  options: ValueInputOptions,
): Promise<string | Uint8Array> {
  const given = await takeBytes(world, question, options.file)
  const bytes = options.raw ? given : withoutFinalNewline(given)
  if (bytes.length === 0 && !options.allowEmpty) {
    throw new CofferError('invalid_value', 'The value is empty; nothing was stored.', {
      remedy: 'Give it on stdin or with --file; an empty value is stored with --allow-empty.',
    })
  }
  return isUtf8(bytes) ? decodeText(bytes) : bytes
}

async function takeBytes(
  world: World,
  question: string,
  file: string | undefined,
): Promise<Uint8Array> {
  const bytesMax = LIMITS.valueBytesCeiling + 2
  if (file !== undefined && file !== '-') return readFile(file, bytesMax)
  if (file === '-' || !world.stdin.isTTY) return world.stdin.readAll(bytesMax)
  if (world.prompt === undefined)
    throw usage('There is no terminal to ask on.', 'Give the value on stdin or with --file.')
  return Buffer.from(await world.prompt(question), 'utf8')
}

function withoutFinalNewline(bytes: Uint8Array): Uint8Array {
  if (bytes.at(-1) !== 0x0a) return bytes
  return bytes.subarray(0, bytes.at(-2) === 0x0d ? -2 : -1)
}
