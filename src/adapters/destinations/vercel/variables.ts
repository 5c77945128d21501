import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { DestinationEntry } from '../../../core/ports/destination.ts'
import type { Rest } from '../../net/rest.ts'
import { ownerOf } from './mark.ts'
import type { VercelPlace } from './place.ts'

/** A variable that holds in the place, alone or with other environments. */
export interface Variable {
  readonly entry: DestinationEntry
  readonly id: string
  readonly type: string
  /** It holds in other environments too. */
  readonly isShared: boolean
}

/** Where a variable holds, as the API wants it said. */
export interface Scope {
  readonly target: readonly string[]
  readonly customEnvironmentIds?: readonly string[]
}

/**
 * The variables that hold in the place, by name. Those of a single Git branch are left out: they
 * stand beside the others of their name, and what is done to one is not done to the other.
 */
export async function listVariables(
  rest: Rest,
  place: VercelPlace,
  scope: Scope,
  signal: AbortSignal,
): Promise<Map<string, Variable>> {
  const found = new Map<string, Variable>()
  let until: string | undefined
  for (let page = 0; page < LIMITS.restPagesMax; page++) {
    const { document } = await rest({
      method: 'GET',
      path: `/v10/projects/${place.project}/env`,
      query: { ...place.team, until },
      repeatable: true,
      what: `to list the variables of ${place.name}`,
      signal,
    })
    refuseHidden(document, scope)
    for (const raw of rawOf(document)) {
      if (isBranch(raw) || !holdsIn(raw, scope)) continue
      const variable = variableOf(raw)
      found.set(variable.entry.name, variable)
    }
    const { next } = (document as { pagination?: { next?: unknown } }).pagination ?? {}
    if (next === undefined || next === null) return found
    if (typeof next !== 'number' && typeof next !== 'string') throw strange()
    until = `${next}`
  }
  throw strange()
}

/** The scope of a place; a custom environment is looked up. @throws CofferError `not_found` */
export async function scopeOf(rest: Rest, place: VercelPlace, signal: AbortSignal): Promise<Scope> {
  if (!place.isCustom) return { target: [place.target] }
  const { document } = await rest({
    method: 'GET',
    path: `/v9/projects/${place.project}/custom-environments`,
    query: place.team,
    repeatable: true,
    what: `to list the environments of ${place.project}`,
    signal,
  })
  const { environments } = (document ?? {}) as { environments?: unknown }
  if (!Array.isArray(environments)) throw strange()
  const known = (environments as Raw[]).map(({ slug, id }) => ({ slug, id }))
  const { id } = known.find(({ slug }) => slug === place.target) ?? {}
  if (typeof id === 'string') return { target: [], customEnvironmentIds: [id] }
  throw new CofferError(
    'not_found',
    `The project ${place.project} has no environment ${place.target} at Vercel.`,
    { remedy: 'Make it there, or name another one with the option target.' },
  )
}

/** A variable as it was answered. @throws CofferError `corrupt` */
export function variableOf(raw: Raw): Variable {
  const { id, key, type, comment, createdAt, updatedAt } = raw
  if (typeof id !== 'string' || typeof key !== 'string') throw strange()
  return {
    id,
    type: String(type),
    isShared: targetsOf(raw).length + idsOf(raw).length > 1,
    entry: {
      name: key,
      owner: ownerOf(comment),
      revision: typeof updatedAt === 'number' ? `${id}.${updatedAt}` : id,
      createdAt: typeof createdAt === 'number' ? createdAt : undefined,
      updatedAt: typeof updatedAt === 'number' ? updatedAt : undefined,
    },
  }
}

export type Raw = Readonly<Record<string, unknown>>

/** The answer is a page, or one variable by itself. */
function rawOf(document: unknown): readonly Raw[] {
  const { envs, key } = (document ?? {}) as { envs?: unknown; key?: unknown }
  if (Array.isArray(envs)) return envs as Raw[]
  if (typeof key === 'string') return [document as Raw]
  throw strange()
}

/** What is hidden from the token would be taken for what is not there. @throws `denied` */
function refuseHidden(document: unknown, { target }: Scope): void {
  const { hiddenProductionEnvCount: count } = (document ?? {}) as Raw
  if (typeof count !== 'number' || count === 0 || !target.includes('production')) return
  throw new CofferError('denied', `Vercel hides ${count} variables of production from the token.`, {
    remedy: 'Give VERCEL_TOKEN a token of somebody who may see the variables of production.',
  })
}

const isBranch = ({ gitBranch }: Raw): boolean => typeof gitBranch === 'string' && gitBranch !== ''

const holdsIn = (raw: Raw, { target, customEnvironmentIds = [] }: Scope): boolean =>
  targetsOf(raw).some((one) => target.includes(one)) ||
  idsOf(raw).some((id) => customEnvironmentIds.includes(id))

const targetsOf = ({ target }: Raw): readonly string[] =>
  Array.isArray(target) ? (target as string[]) : typeof target === 'string' ? [target] : []

const idsOf = ({ customEnvironmentIds: ids }: Raw): readonly string[] =>
  Array.isArray(ids) ? (ids as string[]) : []

export const strange = () =>
  new CofferError('corrupt', 'Vercel answered with something else than its API describes.', {
    remedy: 'Does VERCEL_API_URL lead to the API of Vercel?',
  })
