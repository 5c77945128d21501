import type { Project } from '../../config/project.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Secret } from '../../core/secret.ts'
import { combine, type Problem } from '../failure.ts'
import { usage } from '../parse.ts'
import { become } from '../run/become.ts'
import { childEnvironment, type Wanted } from '../run/environment.ts'
import { findExecutable } from '../run/executable.ts'
import { resolvePrefix } from '../run/resolve.ts'
import { mayHoldKey, variableOf } from '../run/variable.ts'
import type { Session } from '../session.ts'
import { sourceOf } from '../source.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { run } from '../specs/run.ts'

/** A secret that the command is to have, as a variable or as a file. */
export interface Delivery extends Wanted {
  /** Below the prefix or the project: the name of its file. */
  readonly relative: string
  /** In the store; absent for what a project names, which may come from elsewhere. */
  readonly path?: string
}

type Options = OptionsOf<typeof run>

export const handle: Handler<typeof run> = async ({ options, rest }, session) => {
  const [command] = rest
  if (command === undefined)
    throw usage('There is no command to run.', 'Write it after --: coffer run -- npm test')
  if (options['with-env'] && options.files === undefined)
    throw usage('--with-env goes with --files.')
  const { deliveries, problems, fromProject, watches } = await deliveriesOf(options, session)
  const asVariables = options.files === undefined || options['with-env']
  const { env, problems: refused } = childEnvironment(
    session.world.env,
    asVariables ? deliveries : [],
    { allowed: new Set(options['allow-env']), withheld: withheldBy(session) },
  )
  const all = [...problems, ...refused]
  if (all.length > 0) {
    const count = deliveries.length + problems.length
    throw combine(
      all,
      `${all.length} of ${count} secrets cannot be given to the command; it was not started.`,
    )
  }
  const executable = findExecutable(command, env.PATH)
  if (options.files !== undefined) {
    const { keepFiles } = await import('../run/keep-files.ts')
    await keepFiles(options.files, deliveries, session, {
      leave: options['leave-files'],
      watches,
      ...(fromProject ? { project: { cwd: session.world.cwd, env: options.env } } : {}),
    })
  }
  await session.close()
  return become({ executable, command: rest, env })
}

async function deliveriesOf(
  options: Options,
  session: Session,
): Promise<{
  deliveries: Delivery[]
  problems: readonly Problem[]
  fromProject: boolean
  /** Whether a Coffer was asked. */
  watches: boolean
}> {
  const source = await sourceOf(options, session)
  if (source.kind === 'project') {
    const { resolved, watches } = await resolveProject(source.project, options.env, session)
    const deliveries = [...resolved].map(([name, secret]) => ({
      name,
      subject: name,
      secret,
      relative: name,
    }))
    return { deliveries, problems: [], fromProject: true, watches }
  }
  const { found, problems } = await resolvePrefix(session, source.prefix)
  const deliveries = found.map(({ relative, version }) => ({
    name: version.envName ?? variableOf(relative),
    subject: version.path,
    secret: version.secret,
    relative,
    path: version.path,
  }))
  return { deliveries, problems, fromProject: false, watches: true }
}

/** A store is opened where a reference needs it; that it cannot be is told once, not for each. */
async function resolveProject(
  project: Project,
  env: string | undefined,
  session: Session,
): Promise<{ resolved: Map<string, Secret<string>>; watches: boolean }> {
  let opening: Promise<Coffer> | undefined
  try {
    const resolved = await project.resolveEnvironment({
      coffer: () => (opening ??= session.coffer()),
      env,
      processEnv: session.world.env,
      onOffline: ({ message }) => session.out.warn(message),
    })
    return { resolved, watches: opening !== undefined }
  } catch (error) {
    await opening
    throw error
  }
}

/** A seal may read its key, or parts of it, from variables of its own. */
const withheldBy = ({ variablesRead, world }: Session): readonly string[] =>
  [...variablesRead].filter((name) => mayHoldKey(name, world.env[name] ?? ''))
