import { styleText } from 'node:util'
import { safeText } from './safe-text.ts'

export interface Column<T> {
  readonly title: string
  readonly cell: (row: T) => string | number | undefined
  readonly align?: 'right'
  readonly style?: (row: T) => Style | undefined
}

export type Style = 'red' | 'yellow' | 'green' | 'dim' | 'bold'

/** An aligned table; every cell is made safe for a terminal. No rows, no header: nothing. */
export function renderTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  look: { readonly color: boolean; readonly columns?: number | undefined },
): string {
  if (rows.length === 0) return ''
  const cells = rows.map((row) => columns.map((column) => safeText(String(column.cell(row) ?? ''))))
  const used = columns.map((_, i) => cells.some((row) => row[i] !== ''))
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((row) => width(row[i] ?? ''))),
  )
  const paint = (text: string, style: Style | undefined): string =>
    look.color && style !== undefined ? styleText(style, text, { validateStream: false }) : text
  const lineOf = (texts: readonly string[], styleOf: (i: number) => Style | undefined): string => {
    const parts: string[] = []
    columns.forEach((column, i) => {
      if (used[i] !== true) return
      const text = texts[i] ?? ''
      const gap = ' '.repeat(Math.max(0, (widths[i] ?? 0) - width(text)))
      const painted = paint(text, styleOf(i))
      parts.push(column.align === 'right' ? gap + painted : painted + gap)
    })
    return `${parts.join('  ').trimEnd()}\n`
  }
  const header = lineOf(
    columns.map((column) => column.title),
    () => 'bold',
  )
  return (
    header +
    cells
      .map((texts, r) => {
        const row = rows[r] as T
        return lineOf(texts, (i) => columns[i]?.style?.(row))
      })
      .join('')
  )
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/gu

/** Columns on a terminal: marks take none, East Asian wide characters two. */
const width = (text: string): number => {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  const base = text.replace(/\p{M}/gu, '')
  return Array.from(base).length + (base.match(WIDE)?.length ?? 0)
}
