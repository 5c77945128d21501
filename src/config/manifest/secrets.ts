import { LIMITS } from '../../core/limits.ts'
import { canonicalPath } from '../../core/path.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import { DocumentError, refuse, valueOf } from '../document/node.ts'
import type { DocumentNode, MapNode } from '../document/node.ts'
import { COFFER, locate, parseReference } from '../reference.ts'
import type { ParsedReference } from '../reference.ts'
import type { CheckType } from './check-type.ts'
import { readDeliver } from './deliver.ts'
import { checkProviderName } from './environments.ts'
import {
  inPlace,
  isNothing,
  keyAt,
  knownEntries,
  readDays,
  readFlag,
  readMap,
  readNames,
  readText,
  recordOf,
  refuseUnknown,
} from './fields.ts'
import type { DeclaredSecret, Environment, Manifest } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'
import { variableOf } from './variable.ts'

export interface SecretContext extends Pick<Manifest, 'destinations'> {
  /** Those that the manifest declares, rightly or not. */
  readonly providerNames: readonly string[]
  readonly environments: readonly Environment[]
  /** Names that `usedBy` may hold; undefined: any. */
  readonly workloads: readonly string[] | undefined
  readonly checkType: CheckType
}

/** `secrets` of a manifest. Those with a mistake are left out of the answer. */
export function readSecrets(
  node: DocumentNode,
  context: SecretContext,
  mistakes: Mistakes,
): readonly DeclaredSecret[] {
  const map = mistakes.attempt('secrets', () => {
    const read = readMap(node, '"secrets"')
    if (read.entries.size <= LIMITS.configFieldsMax) return read
    throw new DocumentError(
      'too_large',
      `There are at most ${LIMITS.configFieldsMax} secrets.`,
      node.at,
    )
  })
  if (map === undefined) return []
  const below = mistakes.within('secrets')
  return [...map.entries].flatMap(
    ([name, part]) =>
      below.attempt(name.slice(0, LIMITS.pathBytesMax), () =>
        readSecret({ name: checkSecretName(name, keyAt(map, name)), at: keyAt(map, name) }, part, {
          ...context,
          mistakes: below.within(name),
        }),
      ) ?? [],
  )
}

const KEYS = [
  'secretRef',
  'type',
  'env',
  'optional',
  'description',
  'owner',
  'classification',
  'rotate',
  'usedBy',
  'environments',
  'deliver',
] as const
const SEGMENTS = /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)*$/
const VARIABLE = /^[A-Z][A-Z0-9_]*$/
const ENV_NAME = /^[A-Za-z_][A-Za-z0-9_]{0,255}$/

function checkSecretName(name: string, at: string | undefined): string {
  if (SEGMENTS.test(name)) return inPlace(at, () => canonicalPath(name))
  const says = 'A secret is named service/name, with letters, digits and . _ - in each part.'
  throw new DocumentError('invalid_config', says, at)
}

function readSecret(
  { name, at }: { readonly name: string; readonly at: string | undefined },
  node: DocumentNode,
  context: SecretContext & { readonly mistakes: Mistakes },
): DeclaredSecret {
  const { mistakes } = context
  const map: MapNode = node.kind === 'map' ? node : { kind: 'map', entries: new Map(), at }
  const given = knownEntries(map, KEYS, mistakes)
  const read = <T>(key: (typeof KEYS)[number], as: (part: DocumentNode) => T): T | undefined => {
    const part = given[key]
    return part === undefined ? undefined : mistakes.attempt(key, () => as(part))
  }
  const text = (key: (typeof KEYS)[number], charsMax: number) =>
    read(key, (part) => readText(part, `"${key}"`, charsMax))
  const all = context.environments.map((env) => env.name)
  const environments = read('environments', (part) => environmentsIn(part, all)) ?? all
  const envName = read('env', readVariableName) ?? (VARIABLE.test(name) ? name : undefined)
  const rotate = read('rotate', (part) => readRotate(part, mistakes.within('rotate')))
  const plain = node.kind === 'map' || isNothing(node) ? undefined : node
  return {
    name,
    at,
    type: read('type', (part) => readType(part, context.checkType)),
    description: text('description', LIMITS.descriptionCharsMax),
    owner: text('owner', LIMITS.ownerCharsMax),
    classification: text('classification', LIMITS.classificationCharsMax),
    rotateEveryDays: rotate?.everyDays ?? LIMITS.rotateEveryDaysDefault,
    rotatesItself: rotate?.automatic ?? false,
    usedBy: read('usedBy', (part) => readUsers(part, context.workloads)) ?? [],
    environments,
    optional: read('optional', (part) => readFlag(part, '"optional"')) ?? false,
    envName,
    references: referencesOf(name, given.secretRef ?? plain, environments, context),
    deliver:
      given.deliver === undefined
        ? []
        : readDeliver(
            given.deliver,
            {
              destinations: context.destinations,
              variable: variableOf({ name, envName }),
              environments,
              readEnvironments: environmentsIn,
            },
            mistakes,
          ),
  }
}

function referencesOf(
  name: string,
  node: DocumentNode | undefined,
  needed: readonly string[],
  context: SecretContext & { readonly mistakes: Mistakes },
): Readonly<Record<string, ParsedReference>> {
  const found: [string, ParsedReference][] = []
  const isOne = node?.kind === 'map' && OBJECT_FORMS.some((key) => node.entries.has(key))
  const byEnvironment = node?.kind === 'map' && !isOne ? node : undefined
  if (byEnvironment !== undefined) {
    const names = context.environments.map((env) => env.name)
    knownEntries(byEnvironment, names, context.mistakes.within('secretRef'))
  }
  for (const environment of context.environments) {
    if (!needed.includes(environment.name)) continue
    const written =
      byEnvironment?.entries.get(environment.name) ?? (byEnvironment ? undefined : node)
    context.mistakes.attempt('secretRef', () => {
      const parsed = parseReference(written === undefined ? name : valueOf(written))
      const reference = inPlace(written?.at, () => absolute(parsed, environment))
      checkProviderName(reference.ref.provider, context.providerNames, written?.at)
      found.push([environment.name, reference])
    })
    // The same text is refused for the same reason everywhere: once is enough.
    if (found.length === 0 && byEnvironment === undefined) break
  }
  return recordOf(found)
}

/** What only a reference has, and no list of environments. */
const OBJECT_FORMS = ['path', 'secretKeyRef', 'valueFrom']

/** Where the reference leads in this environment. @throws CofferError as `locate` */
function absolute(parsed: ParsedReference, environment: Environment): ParsedReference {
  const { prefix, provider, keyPrefix } = environment
  const ref = locate(parsed, provider === COFFER ? prefix : '')
  if (!parsed.relative) return { ...parsed, ref }
  if (provider === COFFER) return { ...parsed, ref, relative: false }
  const between = keyPrefix === '' || keyPrefix.endsWith('/') ? '' : '/'
  const key = `${keyPrefix}${between}${ref.key}`
  return { ...parsed, ref: { ...ref, provider, key }, relative: false }
}

function environmentsIn(node: DocumentNode, among: readonly string[]): readonly string[] {
  const names = readNames(node, '"environments"')
  // Where none can be read, that is told, and by itself.
  const stray = among.length === 0 ? undefined : names.find((name) => !among.includes(name))
  return stray === undefined ? names : refuseUnknown(stray, among, node.at)
}

function readUsers(node: DocumentNode, known: readonly string[] | undefined): readonly string[] {
  const names = readNames(node, '"usedBy"')
  const stray = known === undefined ? undefined : names.find((name) => !known.includes(name))
  return stray === undefined ? names : refuseUnknown(stray, known ?? [], node.at)
}

function readVariableName(node: DocumentNode): string {
  const name = valueOf(node)
  if (typeof name === 'string' && ENV_NAME.test(name)) return name
  throw refuse("A variable's name has letters, digits and _ and begins with no digit.", node)
}

function readType(node: DocumentNode, check: CheckType): TypeSpec {
  const given = valueOf(node)
  return inPlace(node.at, () => check(typeof given === 'string' ? { name: given } : given))
}

function readRotate(node: DocumentNode, mistakes: Mistakes) {
  const map = readMap(node, '"rotate"')
  const { every, automatic } = knownEntries(map, ['every', 'automatic'], mistakes)
  return {
    everyDays: every && mistakes.attempt('every', () => readDays(every, '"every"')),
    automatic: automatic && mistakes.attempt('automatic', () => readFlag(automatic, '"automatic"')),
  }
}
