import { readdir } from 'node:fs/promises'
import path from 'node:path'
import { isCofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { readBytes, readDocument, textOf } from '../../document/load.ts'
import type { DocumentNode } from '../../document/node.ts'
import type { Manifest } from '../../manifest/manifest.ts'
import type { CheckedDocument, Scalar, Skipped } from '../facts.ts'
import { positionOf } from '../rule.ts'
import { leadsOutside, OUTSIDE } from './outside.ts'

/** The manifest and the overlays in `config/`, in which nothing sensitive may stand. */
export async function collectDocuments(
  manifest: Manifest,
): Promise<{ documents: CheckedDocument[]; skipped: Skipped[] }> {
  const documents = [await manifestDocument(manifest)]
  const skipped: Skipped[] = []
  for (const name of await overlayNames(manifest.dir, skipped)) {
    const file = `config/${name}`
    const at = path.join(manifest.dir, 'config', name)
    const read = leadsOutside(at, manifest.dir) ? { file, why: OUTSIDE } : await overlay(at, file)
    if ('why' in read) skipped.push(read)
    else documents.push(read)
  }
  return { documents, skipped }
}

const OVERLAY = /\.(?:ya?ml|json)$/i
const SCHEMA = /(?:^|\.)schema\.[a-z]+$/i

/** A schema says what the others hold, and holds nothing itself. */
async function overlayNames(dir: string, skipped: Skipped[]): Promise<string[]> {
  if (leadsOutside(path.join(dir, 'config'), dir)) {
    skipped.push({ file: 'config', why: OUTSIDE })
    return []
  }
  const names = await readdir(path.join(dir, 'config')).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return []
    throw error
  })
  const found = names.filter((name) => OVERLAY.test(name) && !SCHEMA.test(name)).toSorted()
  const rest = found.splice(LIMITS.checkOverlaysMax)
  const why = `Only the first ${LIMITS.checkOverlaysMax} overlays are looked through.`
  if (rest.length > 0) skipped.push({ file: 'config', why })
  return found
}

async function overlay(file: string, shown: string): Promise<CheckedDocument | Skipped> {
  try {
    const name = path.basename(file)
    const text = textOf(await readBytes(file, name), name)
    const node = await readDocument(file, shown)
    return { file: shown, kind: 'overlay', text, scalars: [...scalarsOf(node, [])] }
  } catch (error) {
    if (!isCofferError(error)) throw error
    return { file: shown, why: error.message }
  }
}

function* scalarsOf(node: DocumentNode, at: readonly string[]): Generator<Scalar> {
  if (node.kind === 'map') {
    for (const [key, part] of node.entries) yield* scalarsOf(part, [...at, key])
  } else if (node.kind === 'list') {
    for (const [i, item] of node.items.entries()) yield* scalarsOf(item, [...at, String(i)])
  } else {
    const { value } = node
    const { line = 1, column = 1 } = positionOf(node.at)
    const isText = typeof value === 'string'
    if (isText || typeof value === 'number') {
      yield { path: at, value: String(value), isText, line, column }
    }
  }
}

/** Was parsed already, by somebody else: its keys and values are found by their looks. */
async function manifestDocument({ file }: Manifest): Promise<CheckedDocument> {
  const name = path.basename(file)
  const text = textOf(await readBytes(file, name), name)
  return { file: name, kind: 'manifest', text, scalars: [...pairsOf(text)] }
}

/**
 * `key: value`, in block and flow style, in quotes or not. Keys with a slash name secrets. A key is
 * looked for at its beginning only, so that a long word takes no longer than its length.
 */
const PAIR =
  /(?<![\w.-])["']?([\w.-]+)["']?[ \t]*:[ \t]+(?:"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)'|([^\s#"'{}[\],&*|>][^\n#{}[\],]*))/g

function* pairsOf(text: string): Generator<Scalar> {
  let number = 0
  for (const line of text.split('\n')) {
    number++
    if (!line.includes(':')) continue
    for (const match of line.matchAll(PAIR)) {
      const [whole, key = '', double, single, bare] = match
      if (line[match.index - 1] === '/') continue
      const value = (double ?? single ?? bare ?? '').trim()
      const isText = double !== undefined || single !== undefined || !/^[\d.]+$/.test(value)
      const column = match.index + whole.lastIndexOf(double ?? single ?? bare ?? '') + 1
      yield { path: [key], value, isText, line: number, column }
    }
  }
}
