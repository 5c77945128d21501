import { safeText } from '../safe-text.ts'
import type { Reporter } from './reporter.ts'

/**
 * Commands of a GitHub Actions workflow, which become annotations. The runner shows ten of each
 * severity in a step: errors come first.
 */
export const github: Reporter = ({ findings }, { base }) =>
  findings
    .map(({ severity, file, line, column, code, path, environment, message, remedy }) => {
      const where =
        file === undefined ? [] : [['file', base + file] as const, ['line', line], ['col', column]]
      const title = environment === undefined ? code : `${code} (${environment})`
      const properties = [...where, ['title', title] as const]
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => `${name}=${property(String(value))}`)
      const text = `${path}: ${message} Try: ${remedy}`
      return `::${severity} ${properties.join(',')}::${data(text)}\n`
    })
    .join('')

/** As the runner takes them apart: a line break would begin a command of its own. */
const data = (text: string): string => safeText(text).replaceAll('%', '%25')
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
