import { safeJson, safeText } from './safe-text.ts'
import type { Progress } from '../core/ports/platform.ts'
import type { Column } from './table.ts'
import type { World } from './world.ts'

/**
 * Data goes to stdout, everything else to stderr. Whatever comes from a store, a file or a person
 * is printed with its control characters escaped; only `raw` passes bytes through.
 */
export interface Output {
  readonly json: boolean
  /** Bytes as they are: values, exports. */
  raw(bytes: string | Uint8Array): void
  /** A line of data. */
  line(text: string): void
  /** A line for the person: a confirmation, a warning's context. Silent with --quiet. */
  note(text: string): void
  /** A line the person must see, also with --quiet. */
  warn(text: string): void
  table<T>(rows: readonly T[], columns: readonly Column<T>[]): Promise<void>
  /** With --json the one document; else what `human` prints. */
  result(document: unknown, human: () => void | Promise<void>): Promise<void>
  /** A bar on stderr while long work goes on; absent where nobody looks. */
  progress(title: string): Promise<Progress | undefined>
}

export interface OutputOptions {
  readonly json: boolean
  readonly quiet: boolean
  readonly color: boolean
}

export function outputOf(world: World, options: OutputOptions): Output {
  const { stdout, stderr } = world
  return {
    json: options.json,
    raw: (bytes) => stdout.write(bytes),
    line: (text) => stdout.write(`${safeText(text)}\n`),
    note: (text) => {
      if (!options.quiet && !options.json) stderr.write(`${safeText(text)}\n`)
    },
    warn: (text) => stderr.write(`${safeText(text)}\n`),
    table: async (rows, columns) => {
      const { renderTable } = await import('./table.ts')
      const color = options.color && stdout.isTTY
      stdout.write(
        renderTable(rows, columns, { color, columns: stdout.isTTY ? stdout.columns : undefined }),
      )
    },
    result: async (document, human) => {
      if (options.json) stdout.write(`${safeJson(document)}\n`)
      else await human()
    },
    progress: async (title) => {
      if (options.quiet || options.json || !stderr.isTTY) return undefined
      const { progressBar } = await import('./progress.ts')
      return progressBar(title, stderr, world.now)
    },
  }
}
