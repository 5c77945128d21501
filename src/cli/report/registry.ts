import type { Reporter } from './reporter.ts'

/** Every form of a report, by the name that `--format` gives it. */
export const REPORTERS = {
  table: async () => (await import('./table.ts')).table,
  json: async () => (await import('./json.ts')).json,
  junit: async () => (await import('./junit.ts')).junit,
  sarif: async () => (await import('./sarif.ts')).sarif,
  github: async () => (await import('./github.ts')).github,
  markdown: async () => (await import('./markdown.ts')).markdown,
} as const satisfies Record<string, () => Promise<Reporter>>

export type Format = keyof typeof REPORTERS

export const FORMATS = Object.keys(REPORTERS) as readonly Format[]

/** Of a file's name; undefined where it says nothing. */
export const formatOfFile = (file: string): Format | undefined =>
  Object.entries(ENDINGS).find(([ending]) => file.toLowerCase().endsWith(ending))?.[1]

const ENDINGS: Readonly<Record<string, Format>> = {
  '.sarif': 'sarif',
  '.sarif.json': 'sarif',
  '.json': 'json',
  '.xml': 'junit',
  '.md': 'markdown',
  '.txt': 'table',
}
