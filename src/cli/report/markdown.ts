import { safeText } from '../safe-text.ts'
import { counted, many, placeOf } from './reporter.ts'
import type { Reporter } from './reporter.ts'

/** For the summary of a job, or a comment at a change. At most 200 findings: pages have limits. */
export const markdown: Reporter = ({ ok, environments, secrets, findings }, { base }) => {
  const where = environments.length === 0 ? '' : ` in ${environments.map(code).join(', ')}`
  const head = `### ${ok ? 'Secrets are complete' : 'Secrets need attention'}\n\n${many(secrets.length, 'secret')} checked${where}: ${counted(findings)}.\n`
  if (findings.length === 0) return head
  const rows = findings.slice(0, ROWS_MAX).map((finding) => {
    const { severity, environment = '', message, remedy } = finding
    const place = placeOf(finding)
    const at = place === undefined ? '' : code(base + place)
    const cells = [severity, code(finding.code), environment, code(finding.path)]
    return `| ${[...cells, text(message), code(remedy), at].join(' | ')} |\n`
  })
  const left = findings.length - rows.length
  const more = left > 0 ? `\n${left} more are not shown.\n` : ''
  return `${head}\n| | code | environment | what | finding | try | where |\n| --- | --- | --- | --- | --- | --- | --- |\n${rows.join('')}${more}`
}

const ROWS_MAX = 200

/** Nothing in it makes a link, a tag or a mention. */
const text = (raw: string): string =>
  safeText(raw).replace(/[\\`*_{}[\]<>()#+!|~@&]/g, (character) => `&#${character.charCodeAt(0)};`)

const code = (raw: string): string => `<code>${text(raw)}</code>`
