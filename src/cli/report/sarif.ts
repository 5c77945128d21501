import { createHash } from 'node:crypto'
import { describeCode } from '../../config/check/rules.ts'
import type { Finding } from '../../core/finding.ts'
import { safeJson } from '../safe-text.ts'
import type { Reporter, ReportContext } from './reporter.ts'

/**
 * SARIF 2.1.0 (OASIS), as code scanning takes it: a rule for each code that was found, and
 * fingerprints that stay when lines move.
 */
export const sarif: Reporter = ({ findings }, context) => {
  const codes = [...new Set(findings.map(({ code }) => code))].toSorted()
  const rules = codes.map((id) => {
    const { severity, meaning, remedy } = describeCode(id)
    return {
      id,
      name: id.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()),
      shortDescription: { text: meaning },
      help: { text: remedy },
      defaultConfiguration: { level: severity },
    }
  })
  const driver = { name: 'coffer', semanticVersion: context.version, rules }
  const results = findings.map((finding) => resultOf(finding, codes.indexOf(finding.code), context))
  const run = { tool: { driver }, columnKind: 'utf16CodeUnits', results }
  const $schema = 'https://json.schemastore.org/sarif-2.1.0.json'
  return `${safeJson({ $schema, version: '2.1.0', runs: [run] })}\n`
}

function resultOf(finding: Finding, ruleIndex: number, { base }: ReportContext): object {
  const { code, severity, path, environment, message, remedy, file, line, column } = finding
  const logical = [{ fullyQualifiedName: path, kind: 'resource' }]
  // Code scanning refuses a result that is nowhere: the project file is where all begins.
  const uri = encodeURI(base + (file ?? 'coffer.yaml')).replaceAll('#', '%23')
  const region = { startLine: line ?? 1, ...(column === undefined ? {} : { startColumn: column }) }
  const where = environment === undefined ? '' : `[${environment}] `
  return {
    ruleId: code,
    ruleIndex,
    level: severity,
    message: { text: `${where}${path}: ${message} Try: ${remedy}` },
    locations: [
      { physicalLocation: { artifactLocation: { uri }, region }, logicalLocations: logical },
    ],
    partialFingerprints: { 'cofferFinding/v1': fingerprintOf(finding) },
  }
}

/** Of what it is about; not of its line, nor of a message that counts days. */
const fingerprintOf = ({ code, environment = '', path, file = '' }: Finding): string =>
  createHash('sha256')
    .update(
      JSON.stringify([code, environment, path.replace(/(?<=^[^#]*):\d+(?::\d+)?$/, ''), file]),
    )
    .digest('hex')
    .slice(0, 32)
