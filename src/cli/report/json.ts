import { safeJson } from '../safe-text.ts'
import type { CheckReport, Reporter } from './reporter.ts'

/** For programs. */
export const json: Reporter = (report) => `${safeJson(jsonDocument(report))}\n`

/** Findings as they are: `code`, `path`, `message`, `remedy`, `severity` and where. */
export const jsonDocument = ({ ok, environments, secrets, findings }: CheckReport): object => ({
  ok,
  environments,
  checked: secrets.length,
  findings: findings.map(({ code, path, message, remedy, ...rest }) => ({
    code,
    path,
    message,
    remedy,
    ...rest,
  })),
})
