import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { inDocument, readDocument } from '../document/load.ts'
import { refuse, valueOf } from '../document/node.ts'
import type { DocumentNode, MapNode } from '../document/node.ts'
import { mergeNodes } from './merge.ts'

/** The plain configuration of one environment. */
export interface Overlays {
  /** As read, from below: `config/default.yaml`, `config/prod.yaml`. */
  readonly files: readonly string[]
  /** Merged; each part knows the file, line and column it came from. */
  readonly node: DocumentNode
  readonly schema?: { readonly file: string; readonly value: unknown } | undefined
}

/**
 * `default` and over it the environment's own file, with `schema`, each a `.yaml`, `.yml` or `.json` of
 * this folder. Undefined where the folder has no such files at all.
 * @throws ConfigError with file, line and column for what is malformed, or an environment without a
 * file; CofferError as `readDocument`
 */
export async function readOverlays(folder: string, env: string): Promise<Overlays | undefined> {
  const found = filesOf(folder)
  const names = [...found.keys()].filter((name) => name !== SCHEMA)
  if (names.length === 0) return undefined
  const own = found.get(env)
  if (own === undefined) throw missing(folder, env, names)
  const base = found.get(DEFAULT)
  const files = base === undefined || base === own ? [own] : [base, own]
  const shown = (file: string) => `${path.basename(folder)}/${file}`
  const read = (file: string) =>
    inDocument(() => readDocument(path.join(folder, file), shown(file)))
  const nodes = await Promise.all(
    files.map(async (file) => inDocument(async () => overlayOf(await read(file)))),
  )
  const schema = found.get(SCHEMA)
  return {
    files: files.map(shown),
    node: nodes.reduce<DocumentNode>(mergeNodes, NOTHING),
    schema:
      schema === undefined
        ? undefined
        : { file: shown(schema), value: valueOf(await read(schema)) },
  }
}

const NOTHING: DocumentNode = { kind: 'scalar', value: null }
const DEFAULT = 'default'
const SCHEMA = 'schema'
/** Of the files in `config/`. */
export const OVERLAY_ENDINGS = ['.yaml', '.yml', '.json']

/** By name without its extension. @throws CofferError `invalid_config` for two of one name */
function filesOf(folder: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const file of existsSync(folder) ? readdirSync(folder).toSorted() : []) {
    const { name, ext } = path.parse(file)
    if (!OVERLAY_ENDINGS.includes(ext)) continue
    const other = found.get(name)
    if (other !== undefined) {
      throw new CofferError('invalid_config', `${folder} has both ${other} and ${file}.`, {
        remedy: 'Keep one of them.',
      })
    }
    found.set(name, file)
  }
  return found
}

function overlayOf(node: DocumentNode): MapNode {
  if (node.kind === 'map') return node
  if (node.kind === 'list' || node.value !== null) throw refuse('An overlay is an object.', node)
  return { kind: 'map', entries: new Map(), at: node.at }
}

const missing = (folder: string, env: string, names: readonly string[]) => {
  const others = names.filter((name) => name !== DEFAULT)
  const known = others.length === 0 ? 'no environment has one' : `there are ${others.join(', ')}`
  return new CofferError(
    'not_found',
    `There is no overlay ${path.basename(folder)}/${env}.yaml; ${known}.`,
    { remedy: `Write it, it may be empty, or name another environment.` },
  )
}
