import type { Finding } from '../../core/finding.ts'
import { safeText } from '../safe-text.ts'
import { placeOf } from './reporter.ts'
import type { CheckReport, Reporter } from './reporter.ts'

/**
 * The XML of JUnit, in what the schemas of Ant, Jenkins and GitLab have in common: a suite for each
 * environment with a case for each secret, and one for the project's files. An error is a failure;
 * warnings are in the suite's output.
 */
export const junit: Reporter = (report, { now }) => {
  const suites = suitesOf(report)
  const timestamp = new Date(now).toISOString().slice(0, 19)
  const body = suites.map((suite, id) => suiteXml(suite, { id, timestamp }))
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${body.join('')}</testsuites>\n`
}

interface Suite {
  readonly name: string
  readonly cases: ReadonlyMap<string, readonly Finding[]>
}

function suitesOf({ environments, secrets, findings }: CheckReport): Suite[] {
  const suites = new Map<string, Map<string, Finding[]>>()
  const caseOf = (suite: string, name: string): Finding[] => {
    const cases = suites.get(suite) ?? new Map<string, Finding[]>()
    suites.set(suite, cases)
    const found = cases.get(name) ?? []
    cases.set(name, found)
    return found
  }
  for (const name of environments) suites.set(name, new Map())
  for (const { environment = PROJECT, path } of secrets) caseOf(environment, path)
  for (const finding of findings) caseOf(finding.environment ?? PROJECT, finding.path).push(finding)
  if (!suites.has(PROJECT)) caseOf(PROJECT, 'files and references')
  return [...suites].map(([name, cases]) => ({ name, cases }))
}

const PROJECT = 'project'

function suiteXml(
  { name, cases }: Suite,
  { id, timestamp }: { readonly id: number; readonly timestamp: string },
): string {
  const failed = [...cases.values()].filter((found) => errorsOf(found).length > 0).length
  const warnings = [...cases.values()].flat().filter(({ severity }) => severity === 'warning')
  const attributes = { id, name, package: 'coffer', timestamp, hostname: 'localhost' }
  const counts = { tests: cases.size, failures: failed, errors: 0, time: 0 }
  return [
    `  <testsuite${attributesXml({ ...attributes, ...counts })}>\n    <properties/>\n`,
    ...[...cases].map(([path, found]) => caseXml(name, path, errorsOf(found))),
    `    <system-out>${xml(warnings.map(textOf).join('\n'))}</system-out>\n    <system-err/>\n`,
    '  </testsuite>\n',
  ].join('')
}

const errorsOf = (findings: readonly Finding[]) =>
  findings.filter(({ severity }) => severity === 'error')

function caseXml(suite: string, path: string, errors: readonly Finding[]): string {
  const open = `    <testcase${attributesXml({ name: path, classname: `coffer.${suite}`, time: 0 })}`
  const [first] = errors
  if (first === undefined) return `${open}/>\n`
  const failure = { message: first.message, type: first.code }
  const text = errors.map(textOf).join('\n')
  return `${open}>\n      <failure${attributesXml(failure)}>${xml(text)}</failure>\n    </testcase>\n`
}

function textOf(finding: Finding): string {
  const { severity, code, path, message, remedy } = finding
  const place = placeOf(finding)
  const where = place === undefined ? '' : ` (${place})`
  return safeText(`${severity} ${code}: ${path}: ${message}${where} Try: ${remedy}`)
}

const attributesXml = (attributes: Readonly<Record<string, string | number>>): string =>
  Object.entries(attributes)
    .map(([name, value]) => ` ${name}="${xml(safeText(String(value)))}"`)
    .join('')

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
}

/** Characters that XML 1.0 does not have at all were escaped as text before, but for two. */
const xml = (text: string): string =>
  text
    .replace(/[\uFFFE\uFFFF]/g, '\uFFFD')
    .replace(/[&<>"]/g, (character) => ENTITIES[character] ?? '')
