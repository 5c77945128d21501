import { compileRegex } from '../../../core/types/regex.ts'

/** What the `.gitignore`s on the way to a file leave out. */
export interface IgnoreRules {
  /** `file`: from the root, with `/`. */
  ignores(file: string, isFolder: boolean): boolean
  /** These rules, and those of a folder below, which stand before them. */
  and(below: IgnoreRules): IgnoreRules
  readonly lines: readonly IgnoreLine[]
}

interface IgnoreLine {
  readonly fits: (file: string) => boolean
  readonly foldersOnly: boolean
  readonly keeps: boolean
}

/** A `.gitignore` in the folder `dir`, as gitignore(5): the last line that fits decides. */
export function ignoreRules(text: string, dir: string): IgnoreRules {
  const lines = text.split(/\r?\n/, LINES_MAX).flatMap((line) => lineOf(line, dir))
  return rulesOf(lines)
}

const rulesOf = (lines: readonly IgnoreLine[]): IgnoreRules => ({
  lines,
  ignores(file, isFolder) {
    const last = lines.findLast(({ fits, foldersOnly }) => (isFolder || !foldersOnly) && fits(file))
    return last !== undefined && !last.keeps
  },
  and: (below) =>
    below.lines.length === 0
      ? rulesOf(lines)
      : rulesOf([...lines, ...below.lines].slice(0, LINES_MAX)),
})

function lineOf(written: string, dir: string): IgnoreLine[] {
  const keeps = written.startsWith('!')
  const line = withoutEnd(keeps ? written.slice(1) : written)
  if (line === '' || line.startsWith('#') || line.length > LINE_CHARS_MAX) return []
  const foldersOnly = line.endsWith('/')
  const body = foldersOnly ? line.slice(0, -1) : line
  const anchored = body.includes('/')
  const base = dir === '' ? '' : `${escaped(dir)}/`
  const inner = globToRegex(body.replace(/^\//, ''))
  let matcher: IgnoreLine['fits'] | undefined
  const fits: IgnoreLine['fits'] = (file) => {
    matcher ??= matcherOf(`${base}${anchored ? '' : '(?:.*/)?'}${inner}`) ?? (() => false)
    return matcher(file)
  }
  return [{ fits, foldersOnly, keeps }]
}

/** Without the spaces at its end, but for one that is written with a backslash. */
function withoutEnd(line: string): string {
  const end = line.trimEnd().length
  return line.slice(0, line[end - 1] === '\\' ? end + 1 : end)
}

/** Who writes the line decides no time: many wildcards go to the engine that never goes back. */
function matcherOf(source: string): IgnoreLine['fits'] | undefined {
  try {
    if (source.split('*').length - 1 > WILDCARDS_MAX) return compileRegex(source, 'u').whole
    const pattern = new RegExp(`^${source}$`, 'u')
    return (file) => pattern.test(file)
  } catch {
    // What is malformed fits nothing, as with git.
    return undefined
  }
}

/** On the way to a file, in all: each is tried for each file, and no more are left out by others. */
const LINES_MAX = 1_000
const WILDCARDS_MAX = 2
/** No path is longer. */
const LINE_CHARS_MAX = 4_096

/** `**` any folders, `*` and `?` within a name, `[…]` one of these. */
const globToRegex = (glob: string): string =>
  glob.replace(
    /\\(.)|\*\*\/|\/\*\*$|\*\*|\*|\?|\[(!?)((?:[^\]\\]|\\.)+)\]|[^\w]/gs,
    (token, quoted?: string, not?: string, set?: string) => {
      if (quoted !== undefined) return escaped(quoted)
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[[^]/g, '\\$&')}]`
      return GLOBS[token] ?? escaped(token)
    },
  )

const GLOBS: Readonly<Record<string, string>> = {
  '**/': '(?:.*/)?',
  '/**': '/.*',
  '**': '.*',
  '*': '[^/]*',
  '?': '[^/]',
}

const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
