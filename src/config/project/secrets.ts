import type { TypeSpec } from '../../core/types/spec.ts'
import { readSecretRef } from '../document/compile.ts'
import { DocumentError, refuse, valueOf } from '../document/node.ts'
import type { DocumentNode, MapNode, ScalarNode } from '../document/node.ts'
import { typeChecker } from '../manifest/check-type.ts'
import type { CheckType } from '../manifest/check-type.ts'
import { inPlace, keyAt, knownEntries, readMap } from '../manifest/fields.ts'
import type { Mistakes } from '../manifest/mistakes.ts'
import type { Plan, SecretPlace } from '../plan.ts'
import { schemaOfType } from '../type-schema.ts'

/**
 * `secrets` of a project file without `environments`: by name, a reference as text, nothing (the name
 * is the reference), or an object with `secretRef`, `env`, `type`, `optional`. A name in capitals is
 * the variable's name. What has a mistake is left out of the answer.
 */
export async function secretsPlan(node: DocumentNode, mistakes: Mistakes): Promise<Plan> {
  const map = mistakes.attempt('secrets', () => readMap(node, '"secrets"'))
  const checkType = await typeChecker(map)
  const below = mistakes.within('secrets')
  const places = [...(map?.entries ?? [])].flatMap(
    ([name, part]) =>
      below.attempt(name, () => placeOf(name, part, checkType, below.within(name))) ?? [],
  )
  return { places, build: (values) => values }
}

const KNOWN = ['secretRef', 'env', 'type', 'optional'] as const
/** What only a file with `environments` says of a secret. */
const MANIFEST = [
  'owner',
  'description',
  'classification',
  'rotate',
  'usedBy',
  'environments',
  'deliver',
] as const
const VARIABLE = /^[A-Z][A-Z0-9_]*$/

function placeOf(
  name: string,
  node: DocumentNode,
  checkType: CheckType,
  mistakes: Mistakes,
): SecretPlace {
  const entries = new Map(node.kind === 'map' ? node.entries : [])
  if (node.kind === 'map') {
    knownEntries(node, [...KNOWN, ...MANIFEST], mistakes)
    const stray = MANIFEST.find((key) => entries.has(key))
    if (stray !== undefined) {
      const why = `"${stray}" needs "environments" in this file.`
      throw new DocumentError('invalid_config', why, keyAt(node, stray))
    }
  }
  const given = node.kind === 'map' || valueOf(node) === null ? undefined : node
  const written = entries.get('secretRef') ?? given ?? scalar(name, node)
  const type = entries.get('type')
  const known = [...entries].filter(([key]) => key === 'env' || key === 'optional')
  const wrapped: MapNode = {
    kind: 'map',
    at: node.at,
    entries: new Map([...known, ['secretRef', written]]),
  }
  const read = readSecretRef(wrapped)
  if ('error' in read) throw refuse(read.error.message, node)
  const { reference, optional } = read
  const envName = reference.envName ?? (VARIABLE.test(name) ? name : undefined)
  const base = { kind: 'secret', name: `secrets.${name}`, at: node.at, path: [name] } as const
  const spec = type && mistakes.attempt('type', () => typeIn(type, checkType))
  const schema = spec && schemaOfType(spec)
  return { ...base, reference: { ...reference, envName }, optional, schema }
}

const scalar = (value: string, { at }: DocumentNode): ScalarNode => ({ kind: 'scalar', value, at })

/** A type of Coffer's own: `url`, or an object with constraints. */
function typeIn(node: DocumentNode, check: CheckType): TypeSpec {
  const given = valueOf(node)
  return inPlace(node.at, () => check(typeof given === 'string' ? { name: given } : given))
}
