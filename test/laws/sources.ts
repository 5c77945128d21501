import { readFileSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A TypeScript file of the project, with its comments blanked out: laws judge code. */
export interface Source {
  /** From the root, with `/`: `src/core/path.ts`. */
  readonly file: string
  readonly text: string
  readonly code: string
}

/** An import, a re-export or a dynamic import. */
export interface Import {
  readonly from: string
  /** A path from the root for our own files, else the specifier as written. */
  readonly to: string
  readonly typesOnly: boolean
  /** By `import()`: not before it is reached. */
  readonly isLazy: boolean
}

/** All TypeScript under `dir`; tests only when asked for. */
export function sources(dir: string, options: { readonly tests?: boolean } = {}): Source[] {
  return readdirSync(path.join(root, dir), { recursive: true, encoding: 'utf8' })
    .map((name) => path.posix.join(dir, name.replaceAll(path.sep, '/')))
    .filter((file) => file.endsWith('.ts') && (options.tests === true || !isTest(file)))
    .toSorted()
    .map((file) => {
      const text = readFileSync(path.join(root, file), 'utf8')
      return { file, text, code: blankComments(text) }
    })
}

/** Also what only tests run. */
const isTest = (file: string) => /\.test(-d)?\.ts$|\/test-[a-z-]+\.ts$/.test(file)

const STATEMENT =
  /(?:^|\n)\s*(?:import|export)\s(?<clause>[^'"`;=]*?)\bfrom\s*['"](?<from>[^'"]+)['"]|(?:^|\n)\s*import\s*['"](?<bare>[^'"]+)['"]|\bimport\(\s*['"](?<lazy>[^'"]+)['"]/g

export function importsOf({ file, code }: Pick<Source, 'file' | 'code'>): Import[] {
  return [...code.matchAll(STATEMENT)].map(({ groups = {} }) => {
    const specifier = groups['from'] ?? groups['bare'] ?? groups['lazy'] ?? ''
    const to = specifier.startsWith('.')
      ? path.posix.join(path.posix.dirname(file), specifier)
      : specifier
    const typesOnly = groups['clause']?.startsWith('type ') ?? false
    return { from: file, to, typesOnly, isLazy: groups['lazy'] !== undefined }
  })
}

const TOKEN =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g
const blank = (text: string) => text.replace(/[^\n]/g, ' ')
const isComment = (token: string) => token.startsWith('/*') || token.startsWith('//')

/** Comments become spaces, so that lines keep their numbers; strings are left alone. */
const blankComments = (text: string) =>
  text.replace(TOKEN, (token) => (isComment(token) ? blank(token) : token))

/** The same without what is inside strings: only its structure is left. */
export const structureOf = (source: Source): Source => ({
  ...source,
  code: source.code.replace(TOKEN, blank),
})

/** `file:line` of every match of `pattern` in the code, with the matched text. */
export function occurrences({ file, code }: Source, pattern: RegExp): string[] {
  return [...code.matchAll(pattern)].map(
    (match) => `${file}:${code.slice(0, match.index).split('\n').length} ${match[0].trim()}`,
  )
}
