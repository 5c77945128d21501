import type { Project } from '../config/project.ts'
import { CofferError } from '../core/errors.ts'
import type { Session } from './session.ts'

/** What `run` and `check` are about: a subtree, or what a project refers to. */
export type Source =
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'project'; readonly project: Project }

/**
 * `--prefix`; else the references of the project; else, when it names none, all below its prefix.
 * @throws CofferError `invalid_argument` when nothing says what
 */
export async function sourceOf(
  options: { readonly prefix: string | undefined; readonly env: string | undefined },
  session: Session,
): Promise<Source> {
  if (options.prefix !== undefined) return { kind: 'prefix', prefix: options.prefix }
  const project = await session.project()
  if (project?.hasReferences === true) return { kind: 'project', project }
  const env = project?.environmentName({ env: options.env, processEnv: session.world.env })
  const prefix = env === undefined ? undefined : project?.prefix(env)
  if (prefix !== undefined) return { kind: 'prefix', prefix }
  throw new CofferError(
    'invalid_argument',
    project === undefined
      ? 'There is no coffer.yaml here or above, and no --prefix, to say which secrets are meant.'
      : `${project.file} names no secrets and no prefix.`,
    {
      remedy:
        'Go to the folder of coffer.yaml or below, name secrets in it, or give --prefix PATH.',
    },
  )
}
