import type { DestinationContext } from '../context.ts'
import { readOptions } from '../options.ts'

/** Whose Actions secrets they are: a repository's, one of its environments', or an organization's. */
export interface GitHubPlace {
  /** As in the destination's id, behind `github:`; lower case, for GitHub knows no other. */
  readonly name: string
  /** Of its secrets in the API. */
  readonly path: string
  /** Of an organization, where more than its private repositories see them. */
  readonly audience?: string | undefined
  readonly entriesMax: number
  /** What a token needs, for remedies. */
  readonly rights: string
  /** Of an organization. */
  readonly shared?: SharedSecrets | undefined
}

export interface SharedSecrets {
  readonly organization: string
  readonly visibility: 'all' | 'private' | 'selected'
  /** Names within the organization, for `selected`. */
  readonly repositories: readonly string[]
}

/** @throws CofferError `invalid_argument` */
export function placeOf(context: DestinationContext): GitHubPlace {
  const options = readOptions('github', context, OPTIONS)
  const { refuse } = options
  const organization = options.text('organization')?.toLowerCase()
  if (organization === undefined) {
    for (const name of ['visibility', 'repositories']) {
      if (context.options[name] !== undefined) throw refuse(name, 'is of an organization')
    }
    const repository = options.needed('repository').toLowerCase()
    const [owner = '', repo = '', rest] = repository.split('/')
    if (!OWNER.test(owner) || !isRepository(repo) || rest !== undefined) {
      throw refuse('repository', 'is written owner/name')
    }
    return inRepository(repository, options.text('environment')?.toLowerCase())
  }
  for (const name of ['repository', 'environment']) {
    if (context.options[name] !== undefined) throw refuse(name, 'does not go with organization')
  }
  if (!OWNER.test(organization)) throw refuse('organization', 'is not the name of one')
  const repositories = options.list('repositories').map((name) => name.toLowerCase())
  if (!repositories.every(isRepository)) {
    throw refuse('repositories', 'names repositories of the organization, without its own name')
  }
  const given = options.text('visibility') ?? (repositories.length > 0 ? 'selected' : 'private')
  const visibility = VISIBILITIES.find((one) => one === given)
  if (visibility === undefined) throw refuse('visibility', `is one of ${VISIBILITIES.join(', ')}`)
  if ((visibility === 'selected') !== repositories.length > 0) {
    throw refuse('repositories', 'goes with the visibility selected, which needs them')
  }
  return {
    name: organization,
    path: `/orgs/${organization}/actions/secrets`,
    audience: AUDIENCES[visibility](repositories),
    entriesMax: 1_000,
    rights: 'The token needs "Organization secrets: write", or the scope admin:org.',
    shared: { organization, visibility, repositories },
  }
}

function inRepository(repository: string, environment: string | undefined): GitHubPlace {
  const repo = `/repos/${repository}`
  return environment === undefined
    ? {
        name: repository,
        path: `${repo}/actions/secrets`,
        entriesMax: 100,
        rights: 'The token needs "Secrets: write" for the repository, or the scope repo.',
      }
    : {
        name: `${repository}/${environment}`,
        path: `${repo}/environments/${encodeURIComponent(environment)}/secrets`,
        entriesMax: 100,
        rights:
          'The token needs "Environments: write" for the repository, or the scope repo. An environment is not made.',
      }
}

const OPTIONS = ['repository', 'environment', 'organization', 'visibility', 'repositories']
const VISIBILITIES = ['all', 'private', 'selected'] as const
/** In characters that no repository's name has: `acme/all` is a repository. */
const AUDIENCES: Record<
  SharedSecrets['visibility'],
  (repositories: readonly string[]) => string | undefined
> = {
  private: () => undefined,
  all: () => 'visibility=all',
  selected: (repositories) => `selected=${[...new Set(repositories)].toSorted().join(',')}`,
}
const OWNER = /^[a-z0-9](?:[a-z0-9_-]{0,38})$/
const isRepository = (name: string): boolean =>
  /^[a-z0-9._-]{1,100}$/.test(name) && !/^\.{1,2}$/.test(name)
