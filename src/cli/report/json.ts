import { safeJson } from '../safe-text.ts'
import type { Reporter } from './reporter.ts'

/** For programs: findings as they are, `code`, `path`, `message`, `remedy`, `severity` and where. */
export const json: Reporter = ({ ok, environments, secrets, findings, fields }) => {
  const checked = secrets.length
  const told = findings.map(({ code, path, message, remedy, ...rest }) => ({
    code,
    path,
    message,
    remedy,
    ...rest,
  }))
  return `${safeJson({ ok, environments, checked, findings: told, fields })}\n`
}
