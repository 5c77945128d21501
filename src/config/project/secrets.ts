import { readSecretRef } from '../document/compile.ts'
import { refuse, valueOf } from '../document/node.ts'
import type { DocumentNode, MapNode, ScalarNode } from '../document/node.ts'
import type { Place, Plan, SecretPlace } from '../plan.ts'
import type { StandardSchema } from '../standard-schema.ts'

/**
 * `secrets` of coffer.yaml: by name, a reference as text, nothing (the name is the reference), or
 * an object with `secretRef`, `env`, `type`, `optional`. A name in capitals is the variable's name.
 * @throws DocumentError `invalid_config`
 */
export async function secretsPlan(node: DocumentNode): Promise<Plan> {
  if (node.kind !== 'map') throw refuse('"secrets" is an object.', node)
  const places: Place[] = []
  for (const [name, part] of node.entries) places.push(await placeOf(name, part))
  return { places, build: (values) => values }
}

const KNOWN: readonly string[] = ['secretRef', 'env', 'type', 'optional']
/** Of a later version: refused rather than ignored. */
const RESERVED: readonly string[] = ['owner', 'rotate', 'usedBy', 'deliver']
const VARIABLE = /^[A-Z][A-Z0-9_]*$/

async function placeOf(name: string, node: DocumentNode): Promise<SecretPlace> {
  const entries = new Map(node.kind === 'map' ? node.entries : [])
  for (const [key, part] of entries) {
    if (RESERVED.includes(key)) throw refuse(`"${key}" is not known to this version.`, part)
    if (!KNOWN.includes(key)) throw refuse(`A secret has ${KNOWN.join(', ')} only.`, part)
  }
  const given = node.kind === 'map' || valueOf(node) === null ? undefined : node
  const written = entries.get('secretRef') ?? given ?? scalar(name, node)
  const type = entries.get('type')
  entries.delete('type')
  const wrapped: MapNode = { kind: 'map', at: node.at, entries: entries.set('secretRef', written) }
  const read = readSecretRef(wrapped)
  if ('error' in read) throw refuse(read.error.message, node)
  const { reference, optional } = read
  const envName = reference.envName ?? (VARIABLE.test(name) ? name : undefined)
  const base = { kind: 'secret', name: `secrets.${name}`, at: node.at, path: [name] } as const
  const schema = type === undefined ? undefined : await typeSchema(type)
  return { ...base, reference: { ...reference, envName }, optional, schema }
}

const scalar = (value: string, { at }: DocumentNode): ScalarNode => ({ kind: 'scalar', value, at })

/** A type of Coffer's own as a schema: `url`, or an object with constraints. */
async function typeSchema(node: DocumentNode): Promise<StandardSchema> {
  const { checkTypeSpec, checkValue } = await import('../../core/types/validate.ts')
  const { encodeValue } = await import('../../core/value.ts')
  const given = valueOf(node)
  const spec = readType()
  return {
    '~standard': {
      version: 1,
      vendor: 'coffer',
      async validate(value) {
        try {
          await checkValue(spec, encodeValue(value as string))
          return { value }
        } catch (error) {
          return { issues: [{ message: (error as Error).message }] }
        }
      },
    },
  }

  function readType() {
    try {
      return checkTypeSpec(typeof given === 'string' ? { name: given } : given)
    } catch (error) {
      throw refuse((error as Error).message, node)
    }
  }
}
