/** Words from outside as text of a Markdown page: nothing in them is markup. */
export const text = (words: string): string =>
  oneLine(words)
    .trim()
    .replace(/[\\`*_[\]<>|#~&!]/g, '\\$&')

/** Words from outside as code, also within a table. */
export function code(words: string): string {
  const line = oneLine(words).replaceAll('|', '\\|')
  const runs = line.match(/`+/g) ?? []
  const fence = '`'.repeat(1 + Math.max(0, ...runs.map((run) => run.length)))
  return runs.length === 0 ? `\`${line}\`` : `${fence} ${line} ${fence}`
}

/** Words from outside as one line, of a block of commands too: it ends neither, and is read as written. */
export const oneLine = (words: string): string =>
  words.replace(/\s+/g, ' ').replace(REORDERS, '\u{fffd}')

/** Controls, and marks that show a line in another order than it is read in. */
const REORDERS = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/** A table whose cells are Markdown already. Columns that are empty throughout are left out. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const used = titles.map((_, i) => rows.some((cells) => (cells[i] ?? '') !== ''))
  const line = (cells: readonly string[]) => `| ${cells.filter((_, i) => used[i]).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)]
}
