import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readFileWhole } from '../../adapters/providers/files.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { decodeText } from '../../core/secret.ts'
import { configOf } from '../define.ts'
import type { DocumentShape } from '../infer.ts'
import type { DocumentOptions } from '../load-document.ts'
import { ConfigError } from '../problem.ts'
import { compileDocument } from './compile.ts'
import { DocumentError, nodeOf } from './node.ts'
import type { DocumentNode } from './node.ts'

/** @throws ConfigError, and CofferError for the file: see `loadDocument` */
export async function load(
  source: string | URL | object,
  shape: DocumentShape | undefined,
  options: DocumentOptions,
): Promise<unknown> {
  const { allowInlineSecrets, prefix, manifest, ...rest } = options
  const node = await inDocument(() =>
    typeof source === 'string' || source instanceof URL ? readDocument(source) : nodeOf(source),
  )
  const plan = compileDocument(node, shape, { allowInlineSecrets })
  return configOf(plan, { prefix, manifest }).load(rest)
}

/**
 * The tree of a `.yaml`, `.yml` or `.json` file of at most 4 MiB. `shown` is what positions call it, by
 * default its name without folders.
 * @throws DocumentError, CofferError `not_found`, `denied`, `unavailable`, `too_large`,
 * `invalid_argument` for another extension
 */
export async function readDocument(source: string | URL, shown?: string): Promise<DocumentNode> {
  const file = source instanceof URL ? fileURLToPath(source) : source
  const name = shown ?? path.basename(file)
  const format = FORMATS.get(path.extname(file).toLowerCase())
  if (format === undefined) {
    throw new CofferError('invalid_argument', 'A document is a .yaml, .yml or .json file.')
  }
  const text = textOf(await readBytes(file, path.basename(file)), name)
  if (format === 'yaml') {
    const plain = (await import('./plain.ts')).readPlain(text, name)
    if (plain !== undefined) return plain
  }
  const { parseDocument } = await import('./parse.ts')
  return parseDocument(text, format, name)
}

/** Runs `read`, and tells what is wrong with the document as a configuration's problem. */
export async function inDocument<T>(read: () => T | Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof DocumentError)) throw error
    const { code, message, remedy, at: position } = error
    const place = { field: '', reference: '', provider: '', position }
    throw new ConfigError([{ ...place, code, message, remedy }])
  }
}

/** @throws CofferError as `readDocument` */
export async function readBytes(file: string, name: string): Promise<Uint8Array> {
  const shown = `The document ${JSON.stringify(name)}`
  const bytes = await readFileWhole(file, shown, LIMITS.documentBytesMax, { follow: true })
  if (bytes !== undefined) return bytes
  throw new CofferError('not_found', `${shown} is not there.`, { remedy: 'Check its path.' })
}

/** A byte order mark is dropped. @throws DocumentError */
export function textOf(bytes: Uint8Array, name: string): string {
  try {
    return decodeText(bytes).replace(/^\uFEFF/, '')
  } catch {
    throw new DocumentError('invalid_config', 'The document is not UTF-8.', name)
  }
}

const FORMATS: ReadonlyMap<string, 'yaml' | 'json'> = new Map([
  ['.yaml', 'yaml'],
  ['.yml', 'yaml'],
  ['.json', 'json'],
] as const)
