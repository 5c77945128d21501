import path from 'node:path'
import { DocumentError, refuse } from '../document/node.ts'
import type { DocumentNode } from '../document/node.ts'
import { inDocument, readBytes, readDocument, textOf } from '../document/load.ts'
import type { Manifest } from '../manifest/manifest.ts'
import type { Mistakes } from '../manifest/mistakes.ts'
import type { ProviderSpec } from '../options.ts'
import type { Plan } from '../plan.ts'
import { readFlat } from './flat.ts'

/** What coffer.yaml says. */
export interface Settings {
  readonly project?: string | undefined
  readonly environment?: string | undefined
  /** A template: `shop/${env}/api`. */
  readonly prefix?: string | undefined
  readonly dataDir?: string | undefined
  /** The module with the configuration, in place of coffer.config.ts beside it. */
  readonly config?: string | undefined
  /** Of a file without `environments`. */
  readonly secrets?: Plan | undefined
  readonly providers?: Readonly<Record<string, ProviderSpec>> | undefined
  /** Of a file with `environments`. */
  readonly manifest?: Manifest | undefined
}

/** @throws ConfigError with line and column, and what `readDocument` throws */
export async function readSettings(file: string): Promise<Settings> {
  const name = path.basename(file)
  return inDocument(async () => {
    // Nearly every command reads this file, and the YAML parser costs more than the rest of them.
    const flat = readFlat(textOf(await readBytes(file, name), name))
    return flat ?? interpret(await readDocument(file), file)
  })
}

const TEXTS = ['project', 'environment', 'prefix', 'dataDir', 'config'] as const
const PARTS = ['secrets', 'providers'] as const
/** What only a file with `environments` has. */
const MANIFEST = ['destinations', 'workloads'] as const

async function interpret(node: DocumentNode, file: string): Promise<Settings> {
  if (node.kind === 'scalar' && node.value === null) return {}
  if (node.kind !== 'map') throw refuse('A project file must be an object.', node)
  const [{ collectMistakes }, { knownEntries, readName, keyAt }] = await Promise.all([
    import('../manifest/mistakes.ts'),
    import('../manifest/fields.ts'),
  ])
  const mistakes = collectMistakes()
  const known = ['$schema', ...TEXTS, 'environments', ...PARTS, ...MANIFEST] as const
  const given = knownEntries(node, known, mistakes)
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {}
  for (const key of TEXTS) {
    const part = given[key]
    if (part === undefined) continue
    const isName = key === 'project' || key === 'environment'
    const text = mistakes.attempt(key, () =>
      isName ? readName(part, `"${key}"`) : textIn(part, key),
    )
    if (text !== undefined) texts[key] = text
  }
  if (given.environments !== undefined) {
    const { readManifest } = await import('../manifest/read.ts')
    const about = { project: undefined, prefix: undefined, environment: undefined, ...texts, file }
    const manifest = await readManifest(node, about, mistakes)
    mistakes.refuse()
    return { ...texts, manifest }
  }
  for (const key of MANIFEST) {
    if (given[key] === undefined) continue
    const why = `"${key}" needs "environments" in this file.`
    mistakes.attempt(key, () => {
      throw new DocumentError('invalid_config', why, keyAt(node, key))
    })
  }
  const parts = await readParts(given, mistakes)
  mistakes.refuse()
  return { ...texts, ...parts }
}

async function readParts(
  { secrets, providers }: Partial<Record<(typeof PARTS)[number], DocumentNode>>,
  mistakes: Mistakes,
): Promise<Pick<Settings, 'secrets' | 'providers'>> {
  const named =
    providers && (await import('../manifest/named.ts')).readProviders(providers, mistakes)
  const plan = secrets && (await (await import('./secrets.ts')).secretsPlan(secrets, mistakes))
  return { secrets: plan, providers: named }
}

function textIn(node: DocumentNode, key: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') {
    return node.value
  }
  throw refuse(`"${key}" must be text.`, node)
}
