import type { DestinationContext } from '../context.ts'
import { readOptions } from '../options.ts'

/** One environment of one project. */
export interface VercelPlace {
  /** As in the destination's id, behind `vercel:`. */
  readonly name: string
  readonly project: string
  /** For every call: `teamId` or `slug`. */
  readonly team: Readonly<Record<string, string>>
  /** `production`, `preview`, `development`, or the slug of a custom environment. */
  readonly target: string
  readonly isCustom: boolean
  /** The variable that holds the URL of a deploy hook, to be called when something changed. */
  readonly redeploy: string | undefined
}

/** @throws CofferError `invalid_argument` */
export function placeOf(context: DestinationContext): VercelPlace {
  const options = readOptions('vercel', context, OPTIONS)
  const { refuse } = options
  const project = options.needed('project')
  if (!PROJECT.test(project)) throw refuse('project', 'is an id (prj_…) or a name')
  const team = options.text('team')
  if (team !== undefined && !TEAM.test(team)) throw refuse('team', 'is an id (team_…) or a slug')
  const named = options.text('target') ?? context.environment
  const target = TARGETS[named] ?? named
  if (!SLUG.test(target)) {
    throw refuse('target', 'is production, preview, development or the slug of an environment')
  }
  const redeploy = options.text('redeploy')
  if (redeploy !== undefined && !VARIABLE.test(redeploy)) {
    throw refuse('redeploy', 'names the environment variable that holds the URL of a deploy hook')
  }
  // A project's id is one everywhere; its name is one within a team.
  const scope = team === undefined || project.startsWith('prj_') ? '' : `${team}/`
  return {
    name: `${scope}${project}/${target}`,
    project,
    team: team === undefined ? {} : team.startsWith('team_') ? { teamId: team } : { slug: team },
    target,
    isCustom: !BUILT_IN.has(target),
    redeploy,
  }
}

const OPTIONS = ['project', 'team', 'target', 'redeploy']
const PROJECT = /^(?!\.)[A-Za-z0-9._-]{1,100}$/
const TEAM = /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/
const SLUG = /^[a-z0-9][a-z0-9-]{0,99}$/
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,99}$/
const BUILT_IN: ReadonlySet<string> = new Set(['production', 'preview', 'development'])
/** What environments are called elsewhere; without a prototype, for any name is asked. */
const TARGETS: Readonly<Record<string, string>> = Object.assign(Object.create(null), {
  prod: 'production',
  dev: 'development',
})
