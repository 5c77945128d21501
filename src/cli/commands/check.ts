import { resolve } from 'node:path'
import { positionOf } from '../../config/check/rule.ts'
import type { Manifest } from '../../config/manifest/manifest.ts'
import { ConfigError } from '../../config/problem.ts'
import type { Project } from '../../config/project.ts'
import { ERRORS } from '../../core/errors.ts'
import type { ErrorCode } from '../../core/errors.ts'
import { checkFields, checkPrefix, reportOf } from '../check/fields.ts'
import type { CheckedField } from '../check/fields.ts'
import { baseOf, reportsAsked } from '../check/output.ts'
import { writeFile } from '../files.ts'
import { usage } from '../parse.ts'
import { REPORTERS } from '../report/registry.ts'
import { counted, many } from '../report/reporter.ts'
import type { CheckReport, ReportContext } from '../report/reporter.ts'
import type { Session } from '../session.ts'
import { sourceOf } from '../source.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { check } from '../specs/check.ts'
import { durationDays } from '../time.ts'
import { version } from '../version.ts'

type Options = OptionsOf<typeof check>

export const handle: Handler<typeof check> = async ({ options }, session) => {
  const asked = reportsAsked(options, session.out.json)
  const { report, dir, incomplete } = await perform(options, session)
  const context: ReportContext = {
    base: baseOf(dir, session.world.env),
    version: version(),
    now: session.world.now(),
    look: { color: asked.color(session) },
  }
  for (const { file, format } of asked.files) {
    const text = (await REPORTERS[format]())(report, context)
    writeFile(resolve(session.world.cwd, file), text)
  }
  await show(asked.shown, report, context, session)
  return exitCode(report, options, incomplete)
}

interface Performed {
  readonly report: CheckReport
  readonly dir: string
  readonly incomplete?: ErrorCode | undefined
}

async function perform(options: Options, session: Session): Promise<Performed> {
  const { world } = session
  if (options.env.length > 0 && options['all-envs']) {
    throw usage('--env and --all-envs exclude each other.')
  }
  if (options.prefix === undefined) {
    let project: Project | undefined
    try {
      project = await session.project()
    } catch (error) {
      return malformed(error, world.cwd)
    }
    if (project?.manifest !== undefined) {
      return ofManifest(project, project.manifest, options, session)
    }
  }
  if (options.static || options['without-values'] || options['all-envs']) {
    throw usage('--static, --without-values and --all-envs are for projects with a manifest.')
  }
  const envs = options.env.length === 0 ? [undefined] : options.env
  const fields: CheckedField[] = []
  for (const env of envs) {
    const source = await sourceOf({ prefix: options.prefix, env }, session)
    const found =
      source.kind === 'project'
        ? await checkFields(source.project, env, session)
        : await checkPrefix(source.prefix, session)
    fields.push(...found.map((field) => ({ ...field, environment: env })))
  }
  return { report: reportOf(fields), dir: world.cwd }
}

/** A project file that is wrong is reported as all else is, mistake by mistake. */
function malformed(error: unknown, dir: string): Performed {
  if (!(error instanceof ConfigError)) throw error
  const findings = error.problems.map(({ code, field, message, remedy, position }) => ({
    code,
    severity: 'error' as const,
    path: field === '' ? (position ?? 'coffer.yaml') : field,
    message,
    remedy,
    ...positionOf(position),
  }))
  const report = { ok: false, environments: [], secrets: [], findings }
  return { report, dir, incomplete: 'invalid_config' }
}

async function ofManifest(
  project: Project,
  manifest: Manifest,
  options: Options,
  session: Session,
): Promise<Performed> {
  const { world } = session
  const names = options['all-envs'] ? manifest.environments.map(({ name }) => name) : options.env
  const within = options['expires-within']
  const { checkManifest } = await import('../../config/check/check.ts')
  const { destinationKinds } = await import('../../compose/destination-kinds.ts')
  const checked = await checkManifest({
    manifest,
    project,
    environments: names.length === 0 ? [project.environmentName({ processEnv: world.env })] : names,
    asks: !options.static,
    values: !options['without-values'],
    expiresWithinDays: within === undefined ? undefined : durationDays(within, 'expires-within'),
    coffer: () => session.coffer(),
    actor: () => session.actor(),
    load: { processEnv: world.env, signal: world.interrupted(), onOffline: false },
    destinationKinds: destinationKinds(),
    async tryPlace({ kind, options: given }, environment) {
      const { openDestination } = await import('../../compose/sync.ts')
      const context = { env: world.env, options: given, dir: manifest.dir, environment }
      const place = await openDestination(kind, context)
      await place.close?.()
      return place.local === true ? undefined : place.id
    },
    now: world.now(),
  })
  return { report: checked, dir: project.dir, incomplete: checked.incomplete }
}

async function show(
  format: keyof typeof REPORTERS,
  report: CheckReport,
  context: ReportContext,
  { out, world }: Session,
): Promise<void> {
  out.raw((await REPORTERS[format]())(report, context))
  if (format !== 'table') return
  if (world.env.GITHUB_ACTIONS === 'true') {
    out.raw((await REPORTERS.github())(report, context))
  }
  const { secrets, environments, findings, others = 0 } = report
  const where = environments.length === 0 ? '' : ` of ${environments.join(', ')}`
  const rest = others === 0 ? '' : ` and ${many(others, 'other field')}`
  const none = rest === '' ? 'Files and references' : many(0, 'secret')
  const what = `${secrets.length === 0 ? none : many(secrets.length, 'secret')}${rest}`
  out.note(`${what}${where} checked: ${counted(findings)}.`)
}

/** What could not be checked stands before what was found: the answer is not whole. */
function exitCode(
  { ok, findings }: CheckReport,
  options: Options,
  incomplete: ErrorCode | undefined,
): number {
  if (incomplete !== undefined) return ERRORS[incomplete].exit
  const warnings = findings.filter(({ severity }) => severity === 'warning').length
  const max = options['warnings-as-errors'] ? 0 : options['max-warnings']
  return ok && (max === undefined || warnings <= max) ? 0 : ERRORS.check_failed.exit
}
