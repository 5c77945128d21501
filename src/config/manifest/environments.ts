import { PROVIDERS } from '../../adapters/providers/registry.ts'
import { LIMITS } from '../../core/limits.ts'
import { hintOf } from '../../core/nearest.ts'
import { canonicalPrefix } from '../../core/path.ts'
import { DocumentError, refuse } from '../document/node.ts'
import type { DocumentNode } from '../document/node.ts'
import type { ProviderSpec } from '../options.ts'
import { COFFER } from '../reference.ts'
import { checkName, inPlace, isNothing, keyAt, knownEntries, readMap, readText } from './fields.ts'
import { fill } from './fill.ts'
import type { Environment } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'

export interface EnvironmentDefaults {
  readonly project: string | undefined
  /** The file's own `prefix`, not filled in. */
  readonly prefix: string | undefined
  readonly providers: Readonly<Record<string, ProviderSpec>>
  /** Also those that have a mistake, which is told where it is. */
  readonly providerNames: readonly string[]
}

/** `environments`: a list of names, or a map of them. Mistakes are left out of the answer. */
export function readEnvironments(
  node: DocumentNode,
  defaults: EnvironmentDefaults,
  mistakes: Mistakes,
): readonly Environment[] {
  const entries = mistakes.attempt('environments', () => entriesOf(node, mistakes)) ?? []
  const below = mistakes.within('environments')
  const found = new Map<string, Environment>()
  for (const { name, part, at } of entries) {
    below.attempt(name.slice(0, 64), () => {
      checkName(name, "An environment's name", at)
      if (found.has(name)) throw new DocumentError('invalid_config', 'It is listed twice.', at)
      found.set(name, readEnvironment({ name, part, at }, defaults, below.within(name)))
    })
  }
  return [...found.values()]
}

/** @throws DocumentError for a provider that is neither declared nor of the registry */
export function checkProviderName(
  name: string,
  declared: readonly string[],
  at: string | undefined,
): string {
  const known = [...declared, ...Object.keys(PROVIDERS)]
  if (known.includes(name)) return name
  throw new DocumentError(
    'unknown_provider',
    `There is no provider ${JSON.stringify(name.slice(0, 64))}.`,
    at,
    `${hintOf(name, known)} Correct it, or declare it under \`providers\`.`,
  )
}

interface Entry {
  readonly name: string
  /** What the map says of it. */
  readonly part: DocumentNode | undefined
  readonly at: string | undefined
}

const KEYS = ['provider', 'prefix', 'description'] as const
/** How keys begin at providers that begin them in some way of their own. */
const KEYS_BEGIN: ReadonlyMap<string, string> = new Map([['aws', '/']])

function entriesOf(node: DocumentNode, mistakes: Mistakes): readonly Entry[] {
  const entries: Entry[] = []
  if (node.kind === 'list') {
    for (const item of node.items) {
      mistakes.attempt('environments', () => {
        const name = readText(item, "An environment's name", LIMITS.pathBytesMax)
        entries.push({ name, part: undefined, at: item.at })
      })
    }
  } else if (node.kind === 'map') {
    for (const [name, part] of node.entries) entries.push({ name, part, at: keyAt(node, name) })
  } else {
    throw refuse('"environments" must be a list of names, or an object with them.', node)
  }
  const isEmpty = node.kind === 'list' ? node.items.length === 0 : entries.length === 0
  if (isEmpty) throw refuse('"environments" must name at least one.', node)
  if (entries.length > LIMITS.manifestEnvironmentsMax) {
    const most = `There are at most ${LIMITS.manifestEnvironmentsMax} environments.`
    throw new DocumentError('too_large', most, node.at)
  }
  return entries
}

function readEnvironment(
  { name, part, at }: Entry,
  { project, prefix, providers, providerNames }: EnvironmentDefaults,
  mistakes: Mistakes,
): Environment {
  const map = part === undefined || isNothing(part) ? undefined : readMap(part, 'An environment')
  const given = map === undefined ? {} : knownEntries(map, KEYS, mistakes)
  const text = (key: (typeof KEYS)[number], charsMax: number) => {
    const written = given[key]
    if (written === undefined) return undefined
    return mistakes.attempt(key, () => readText(written, `"${key}"`, charsMax))
  }
  const named = text('provider', LIMITS.referenceCharsMax)
  const provider =
    named === undefined
      ? COFFER
      : mistakes.attempt('provider', () =>
          checkProviderName(named, providerNames, given.provider?.at),
        )
  const kind = providers[provider ?? COFFER]?.kind ?? provider ?? COFFER
  const template = text('prefix', LIMITS.pathBytesMax) ?? prefix ?? '${project}/${env}'
  const place = given.prefix?.at ?? at
  const filled = mistakes.attempt('prefix', () =>
    inPlace(place, () => fill(template, { env: name, project: project ?? 'project' })),
  )
  const canonical = mistakes.attempt('prefix', () =>
    inPlace(place, () => canonicalPrefix(filled ?? '')),
  )
  const begin = filled?.startsWith('/') ? '/' : (KEYS_BEGIN.get(kind) ?? '')
  return {
    name,
    prefix: canonical ?? '',
    provider: provider ?? COFFER,
    keyPrefix: `${begin}${canonical ?? ''}`,
    description: text('description', LIMITS.descriptionCharsMax),
    at,
  }
}
