import path from 'node:path'
import { refuse } from '../document/node.ts'
import type { DocumentNode } from '../document/node.ts'
import { inDocument, readBytes, readDocument, textOf } from '../document/load.ts'
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
  readonly secrets?: Plan | undefined
}

/** @throws ConfigError with line and column, and what `readDocument` throws */
export async function readSettings(file: string): Promise<Settings> {
  const name = path.basename(file)
  return inDocument(async () => {
    // Nearly every command reads this file, and the YAML parser costs more than the rest of them.
    const flat = readFlat(textOf(await readBytes(file, name), name))
    return flat ?? interpret(await readDocument(file))
  })
}

const TEXTS = ['project', 'environment', 'prefix', 'dataDir', 'config'] as const
/** Of a later version: refused rather than ignored. */
const RESERVED: readonly string[] = ['environments']
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

async function interpret(node: DocumentNode): Promise<Settings> {
  if (node.kind === 'scalar' && node.value === null) return {}
  if (node.kind !== 'map') throw refuse('A project file is an object.', node)
  const texts: Partial<Record<(typeof TEXTS)[number], string>> = {}
  let secrets: Promise<Plan> | undefined
  for (const [key, part] of node.entries) {
    const known = TEXTS.find((name) => name === key)
    if (known !== undefined) texts[known] = textIn(part, key)
    else if (key === 'secrets') secrets = import('./secrets.ts').then((m) => m.secretsPlan(part))
    else if (RESERVED.includes(key)) throw refuse(`"${key}" is not known to this version.`, part)
    else throw refuse(`A project file has ${[...TEXTS, 'secrets'].join(', ')} only.`, part)
  }
  return checkSettings({ ...texts, secrets: await secrets }, node)
}

function checkSettings(settings: Settings, node: DocumentNode): Settings {
  for (const key of ['project', 'environment'] as const) {
    const name = settings[key]
    if (name !== undefined && !NAME.test(name)) {
      throw refuse(`"${key}" has at most 64 letters, digits and . _ -`, node)
    }
  }
  return settings
}

function textIn(node: DocumentNode, key: string): string {
  if (node.kind === 'scalar' && typeof node.value === 'string' && node.value !== '') {
    return node.value
  }
  throw refuse(`"${key}" is text.`, node)
}
