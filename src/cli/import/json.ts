import { LIMITS } from '../../core/limits.ts'
import type { ParsedFile } from './entry.ts'
import { refuseFile } from './entry.ts'
import { entriesOf, type Tree } from './tree.ts'

/**
 * Reads nested JSON. Numbers keep the digits they were written with; a key given twice is an error.
 * @throws CofferError `invalid_argument`
 */
export async function parseJson(file: string, source: string): Promise<ParsedFile> {
  let parsed: unknown
  try {
    parsed = JSON.parse(source.replace(/^\ufeff/, ''), keepDigits)
  } catch (error) {
    const where = /position (\d+)/.exec((error as Error).message)?.[1]
    const line =
      where === undefined ? '' : `line ${source.slice(0, Number(where)).split('\n').length}: `
    throw refuseFile(file, [`${line}this is not JSON`])
  }
  const { findDuplicateKey } = await import('./json-keys.ts')
  const twice = findDuplicateKey(source)
  if (twice !== undefined) throw refuseFile(file, [`line ${twice.line}: a key is given twice`])
  return entriesOf(file, treeOf(file, parsed, 0))
}

/** A number as it was written. */
class Digits {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
  toJSON(): unknown {
    return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(this.text)
  }
}

function keepDigits(
  this: unknown,
  _key: string,
  value: unknown,
  context?: { source?: string },
): unknown {
  return typeof value === 'number' && context?.source !== undefined
    ? new Digits(context.source)
    : value
}

function treeOf(file: string, value: unknown, depth: number): Tree {
  if (depth > LIMITS.documentDepthMax) throw refuseFile(file, ['it is nested too deeply'])
  if (value === null) return { kind: 'null' }
  if (value instanceof Digits) return { kind: 'text', text: value.text }
  if (Array.isArray(value)) return { kind: 'list', json: JSON.stringify(value) }
  if (typeof value === 'object') {
    const members = Object.entries(value).map(
      ([key, child]) => [key, treeOf(file, child, depth + 1)] as const,
    )
    return { kind: 'map', members }
  }
  return { kind: 'text', text: typeof value === 'string' ? value : JSON.stringify(value) }
}
