import type { Project } from '../../config/project.ts'
import { isCofferError } from '../../core/errors.ts'
import type { Handler } from '../spec.ts'
import type { check } from '../specs/run.ts'
import type { Session } from '../session.ts'
import { sourceOf } from '../source.ts'

interface Finding {
  readonly field: string
  readonly reference: string
  readonly ok: boolean
  readonly code?: string | undefined
  readonly message?: string | undefined
  readonly remedy?: string | undefined
}

export const handle: Handler<typeof check> = async ({ options }, session) => {
  const source = await sourceOf(options, session)
  const fields =
    source.kind === 'project'
      ? await checkProject(source.project, options.env, session)
      : await checkPrefix(source.prefix, session)
  const findings = fields.filter((field) => !field.ok)
  const ok = findings.length === 0
  await session.out.result({ ok, fields }, async () => {
    await session.out.table(findings, [
      { title: 'FIELD', cell: (field) => field.field },
      {
        title: 'REFERENCE',
        cell: (field) => (field.reference === field.field ? '' : field.reference),
      },
      { title: 'PROBLEM', cell: (field) => field.code, style: () => 'red' },
      { title: 'WHAT', cell: (field) => field.message },
    ])
    for (const remedy of new Set(findings.map((field) => field.remedy))) {
      if (remedy !== undefined) session.out.note(`try: ${remedy}`)
    }
    session.out.note(
      ok
        ? `${fields.length} references can be resolved.`
        : `${findings.length} of ${fields.length} references cannot be resolved.`,
    )
  })
  return ok ? 0 : 1
}

async function checkProject(
  project: Project,
  env: string | undefined,
  session: Session,
): Promise<readonly Finding[]> {
  const coffer = await session.coffer()
  const report = await project.check({ coffer, env, processEnv: session.world.env })
  return report.fields
}

async function checkPrefix(prefix: string, session: Session): Promise<Finding[]> {
  const { resolvePrefix } = await import('../run/resolve.ts')
  const { childEnvironment } = await import('../run/environment.ts')
  const { variableOf } = await import('../run/variable.ts')
  const { found, problems } = await resolvePrefix(await session.coffer(), prefix)
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
    if (!bad.has(path)) return { field: path, reference: path, ok: true }
    const error = bad.get(path)
    const known = isCofferError(error) ? error : undefined
    return {
      field: path,
      reference: path,
      ok: false,
      code: known?.code ?? 'internal',
      message: known?.message,
      remedy: known?.remedy,
    }
  })
}
