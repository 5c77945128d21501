/** Words from outside as text of a Markdown page: nothing in them is markup. */
export const text = (words: string): string =>
  words
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[\\`*_[\]<>|#~&!]/g, '\\$&')

/** Words from outside as code, also within a table. */
export function code(words: string): string {
  const line = words.replace(/\s+/g, ' ').replaceAll('|', '\\|')
  return line.includes('`') ? `\`\` ${line} \`\`` : `\`${line}\``
}

/** A table whose cells are Markdown already. Columns that are empty throughout are left out. */
export function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  const used = titles.map((_, i) => rows.some((cells) => (cells[i] ?? '') !== ''))
  const line = (cells: readonly string[]) => `| ${cells.filter((_, i) => used[i]).join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)]
}
