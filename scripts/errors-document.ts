import { ERRORS } from '../src/core/errors.ts'

const EXITS: readonly (readonly [string, string])[] = [
  ['0', 'It was done.'],
  ['1', 'A finding: `check` or `doctor` found something.'],
  ['64', 'Usage: the command, a path, a label or a reference is malformed.'],
  ['65', 'Bad data: a value, a token, a file or the store itself.'],
  ['66', 'Absent: no such secret or version, or no store.'],
  ['69', 'Unavailable: no root key, or a place outside does not answer.'],
  ['70', 'A bug, or a runtime that is too old.'],
  ['73', 'Cannot create: it exists already, or may not be written.'],
  ['74', 'I/O: the disk is full or fails.'],
  ['75', 'Try again: busy, in conflict, throttled or timed out.'],
  ['77', 'Denied.'],
  ['78', 'Configuration: a key, a reference or a setting is wrong.'],
  ['126, 127', '`run`: the command is not executable, or not found.'],
  ['128 + n', '`run`: the command was ended by signal n. Any other code is the command’s own.'],
]

/** docs/errors.md, from the one table of errors. */
export function errorsDocument(): string {
  const rows = Object.entries(ERRORS).map(([code, { status, exit, remedy }]) => [
    `\`${code}\``,
    String(exit),
    String(status),
    remedy.replaceAll('|', '\\|'),
  ])
  return `# Errors

Every error has a stable \`code\`, one sentence that holds no value and no token, and a remedy. On the
command line the code decides the exit code; over HTTP, the status. This page is written by
\`npm run docs\` from \`src/core/errors.ts\`, and a test keeps the two equal.

${table(['code', 'exit', 'HTTP', 'what to do'], rows)}

## Exit codes

${table(
  ['exit', 'meaning'],
  EXITS.map((row) => [...row]),
)}
`
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [header, rule, ...rows].map(line).join('\n')
}
