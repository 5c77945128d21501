import type { MetadataChange } from '../core/ports/coffer.ts'
import type { TypeSpec } from '../core/types/spec.ts'
import { readFile } from './files.ts'
import { usage } from './parse.ts'
import { durationDays } from './time.ts'

/** The options of `set` and `update` that describe a secret. */
export interface MetadataOptions {
  readonly tag: readonly string[]
  readonly owner: string | undefined
  readonly description: string | undefined
  readonly classification: string | undefined
  readonly type: string | undefined
  readonly pattern: string | undefined
  readonly min: number | undefined
  readonly max: number | undefined
  readonly 'length-bytes': number | undefined
  readonly schema: string | undefined
  readonly 'rotate-every': string | undefined
  readonly automatic: boolean
  readonly 'max-versions': number | undefined
  readonly 'env-name': string | undefined
}

/**
 * What was said, and nothing else; an empty text removes. Constraints without a type are those of
 * the type that the secret has, which `known` tells.
 * @throws CofferError `invalid_argument`
 */
export async function metadataOf(
  options: MetadataOptions,
  known: () => Promise<TypeSpec | undefined>,
): Promise<MetadataChange> {
  const type = await typeOf(options, known)
  const every = options['rotate-every']
  if (options.automatic && every === undefined) throw usage('--automatic goes with --rotate-every.')
  return {
    ...(type === undefined ? {} : { type }),
    ...(options.tag.length === 0 ? {} : { tags: tagsOf(options.tag) }),
    ...text('owner', options.owner),
    ...text('description', options.description),
    ...text('classification', options.classification),
    ...text('envName', options['env-name']),
    ...(options['max-versions'] === undefined ? {} : { maxVersions: options['max-versions'] }),
    ...(every === undefined
      ? {}
      : {
          rotation: {
            everyDays: durationDays(every, 'rotate-every'),
            automatic: options.automatic,
          },
        }),
  }
}

/** The type that the options describe. @throws CofferError `invalid_argument` */
async function typeOf(
  options: MetadataOptions,
  known: () => Promise<TypeSpec | undefined>,
): Promise<TypeSpec | undefined> {
  const { type, pattern, min, max, schema } = options
  const lengthBytes = options['length-bytes']
  const constrained = [pattern, min, max, schema, lengthBytes].some((value) => value !== undefined)
  if (type === undefined && !constrained) return undefined
  const { checkTypeSpec } = await import('../core/types/validate.ts')
  const base = type === undefined ? ((await known()) ?? { name: 'string' }) : { name: type }
  return checkTypeSpec({
    ...base,
    ...(pattern === undefined ? {} : { pattern }),
    ...(min === undefined ? {} : { min }),
    ...(max === undefined ? {} : { max }),
    ...(lengthBytes === undefined ? {} : { lengthBytes }),
    ...(schema === undefined ? {} : { schema: schemaOf(schema) }),
  })
}

function schemaOf(file: string): unknown {
  try {
    return JSON.parse(Buffer.from(readFile(file, 1_048_576)).toString('utf8'))
  } catch (error) {
    if (error instanceof SyntaxError) throw usage(`${file} is not JSON.`)
    throw error
  }
}

function tagsOf(pairs: readonly string[]): Record<string, string> {
  const tags = new Map<string, string>()
  for (const pair of pairs) {
    const at = pair.indexOf('=')
    const key = at === -1 ? pair : pair.slice(0, at)
    if (key === '') throw usage('--tag is written key=value.')
    tags.set(key, at === -1 ? '' : pair.slice(at + 1))
  }
  return Object.fromEntries(tags)
}

const text = (field: string, value: string | undefined): Record<string, string | null> =>
  value === undefined ? {} : { [field]: value === '' ? null : value }
