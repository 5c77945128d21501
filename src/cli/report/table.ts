import { styleText } from 'node:util'
import type { Finding } from '../../core/finding.ts'
import { safeText } from '../safe-text.ts'
import { counted, placeOf } from './reporter.ts'
import type { Reporter } from './reporter.ts'

/** For people: by environment, each finding with what to do. */
export const table: Reporter = ({ findings }, { look }) => {
  const paint: Paint = (style, text) =>
    look.color ? styleText(style, text, { validateStream: false }) : text
  const groups = Map.groupBy(findings, ({ environment }) => environment ?? '')
  const width = findings.reduce((most, { code }) => Math.max(most, code.length), 0)
  return [...groups]
    .map(([environment, group]) => {
      const title = environment === '' ? 'The project' : safeText(environment)
      const lines = group.flatMap((finding) => linesOf(finding, width, paint))
      return `${paint('bold', title)}: ${counted(group)}\n${lines.map((line) => `  ${line}\n`).join('')}`
    })
    .join('\n')
}

type Paint = (style: 'red' | 'yellow' | 'bold' | 'dim', text: string) => string

function linesOf(finding: Finding, width: number, paint: Paint): string[] {
  const { severity, code, path, message, remedy } = finding
  const mark = severity === 'error' ? paint('red', 'error  ') : paint('yellow', 'warning')
  const place = placeOf(finding)
  const where =
    place === undefined || path.startsWith(place) ? '' : `  ${paint('dim', safeText(place))}`
  const indent = ' '.repeat('warning'.length + 2)
  return [
    `${mark}  ${safeText(code).padEnd(width)}  ${safeText(path)}${where}`,
    `${indent}${safeText(message)}`,
    `${indent}try: ${safeText(remedy)}`,
  ]
}
