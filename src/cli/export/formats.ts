import { dotenvSpelling } from '../../core/dotenv.ts'
import { CofferError } from '../../core/errors.ts'

/** One text that is written out. */
export interface Exported {
  readonly path: string
  /** Below the prefix. */
  readonly relative: string
  readonly variable: string
  readonly text: string
}

export type Format = 'dotenv' | 'json' | 'yaml' | 'shell'

/** Writers by format. Each can be read back exactly, or throws `invalid_value`. */
export const FORMATS: Readonly<Record<Format, (items: readonly Exported[]) => Promise<string>>> = {
  dotenv: async (items) => dotenvOf(items),
  json: async (items) => `${JSON.stringify(tree(items), null, 2)}\n`,
  yaml: async (items) => {
    const { stringify } = await import('yaml')
    const text = stringify(tree(items), {
      lineWidth: 0,
      defaultStringType: 'QUOTE_DOUBLE',
      defaultKeyType: 'PLAIN',
      compat: 'yaml-1.1',
    })
    return text.replace(UNPRINTABLE, escaped)
  },
  shell: async (items) =>
    items.map((item) => `export ${item.variable}=${shellText(item.text)}\n`).join(''),
}

/** Formats that name values by variable, not by path. */
export const BY_VARIABLE: ReadonlySet<Format> = new Set(['dotenv', 'shell'])

/**
 * What YAML 1.2 (section 5.1) has escaped in quotes, and what readers of YAML 1.1 take for line
 * ends. Paths hold none of it, so it stands in values only, and those are quoted.
 */
const UNPRINTABLE = /[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/g

const escaped = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`

const shellText = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function dotenvOf(items: readonly Exported[]): string {
  const lines = items.map(({ path, variable, text }) => ({
    path,
    variable,
    spelling: dotenvSpelling(text),
  }))
  const without = lines.flatMap(({ path, spelling }) => (spelling === undefined ? [path] : []))
  if (without.length === 0) {
    return lines.map(({ variable, spelling }) => `${variable}=${spelling}\n`).join('')
  }
  throw new CofferError(
    'invalid_value',
    `No spelling in a dotenv file holds ${listed(without)} exactly.`,
    { remedy: 'Use --format json.' },
  )
}

const NAMED_MAX = 20

const listed = (paths: readonly string[]): string =>
  paths.length <= NAMED_MAX
    ? paths.join(', ')
    : `${paths.slice(0, NAMED_MAX).join(', ')} and ${paths.length - NAMED_MAX} more`

type Nested = Map<string, Nested | string>

/** Paths as nested objects. @throws CofferError `env_collision` where a secret has secrets below it */
function tree(items: readonly Exported[]): unknown {
  const root: Nested = new Map()
  for (const { path, relative, text } of items) {
    const segments = relative.split('/')
    const last = segments.pop() ?? ''
    let node = root
    for (const segment of segments) {
      const next = node.get(segment) ?? new Map()
      if (typeof next === 'string') throw both(path)
      node.set(segment, next)
      node = next
    }
    if (node.has(last)) throw both(path)
    node.set(last, text)
  }
  return plain(root)
}

function plain(node: Nested): unknown {
  const object = Object.create(null) as Record<string, unknown>
  for (const [key, value] of node) {
    const member = typeof value === 'string' ? value : plain(value)
    Object.defineProperty(object, key, { value: member, enumerable: true })
  }
  return object
}

const both = (path: string) =>
  new CofferError('env_collision', `${path} is both a value and a folder of values here.`, {
    remedy: 'Export a smaller part, or use --format dotenv.',
  })
