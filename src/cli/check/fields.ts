import type { Project } from '../../config/project.ts'
import { positionOf } from '../../config/check/rule.ts'
import { describeError, ERRORS } from '../../core/errors.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { CheckReport } from '../report/reporter.ts'
import type { Session } from '../session.ts'

/** One reference of a project without a manifest, or one secret below a prefix. */
export interface CheckedField {
  readonly field: string
  readonly position?: string | undefined
  readonly reference: string
  readonly environment?: string | undefined
  /** Else it is a variable or a plain value of a configuration. */
  readonly isSecret: boolean
  readonly ok: boolean
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly remedy?: string | undefined
}

/** Resolves every reference of the project, as `coffer run` would. */
export async function checkFields(
  project: Project,
  env: string | undefined,
  session: Session,
): Promise<readonly CheckedField[]> {
  let opening: Promise<Coffer> | undefined
  const report = await project.check({
    coffer: () => (opening ??= session.coffer()),
    env,
    processEnv: session.world.env,
    onOffline: false,
  })
  // That a store cannot be opened is told once, not for each of its secrets.
  await opening
  return report.fields
}

/** Resolves every secret below a prefix, as `coffer run` would. */
export async function checkPrefix(prefix: string, session: Session): Promise<CheckedField[]> {
  const { resolvePrefix } = await import('../run/resolve.ts')
  const { childEnvironment } = await import('../run/environment.ts')
  const { variableOf } = await import('../run/variable.ts')
  const { found, problems } = await resolvePrefix(session, prefix)
  const wanted = found.map(({ relative, version }) => ({
    name: version.envName ?? variableOf(relative),
    subject: version.path,
    secret: version.secret,
  }))
  const { problems: refused } = childEnvironment({}, wanted, { allowed: new Set(), withheld: [] })
  const bad = new Map([...problems, ...refused].map(({ subject, error }) => [subject, error]))
  const paths = [
    ...found.map(({ version }) => version.path),
    ...problems.map(({ subject }) => subject),
  ]
  return paths.sort().map((path) => {
    if (!bad.has(path)) return { field: path, reference: path, isSecret: true, ok: true }
    return {
      ...describeError(bad.get(path)),
      field: path,
      reference: path,
      isSecret: true,
      ok: false,
    }
  })
}

/** What failed, as findings. */
export function reportOf(fields: readonly CheckedField[]): CheckReport {
  const pathOf = ({ reference, field }: CheckedField) => reference || field
  const findings = fields
    .filter((field) => !field.ok)
    .map((field) => ({
      code: field.code ?? 'internal',
      severity: 'error' as const,
      path: pathOf(field),
      message: `${field.field === pathOf(field) ? '' : `${field.field}: `}${field.message ?? 'It cannot be resolved.'}`,
      remedy: field.remedy ?? ERRORS.internal.remedy,
      environment: field.environment,
      ...positionOf(field.position),
    }))
  return {
    ok: findings.length === 0,
    environments: [...new Set(fields.flatMap(({ environment }) => environment ?? []))],
    secrets: fields
      .filter((field) => field.isSecret)
      .map((field) => ({ environment: field.environment, path: pathOf(field) })),
    others: fields.filter((field) => !field.isSecret).length,
    findings,
    fields,
  }
}
