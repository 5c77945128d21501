import { PROVIDERS } from '../../adapters/providers/registry.ts'
import { LIMITS } from '../../core/limits.ts'
import { hintOf } from '../../core/nearest.ts'
import { DocumentError, refuse } from '../document/node.ts'
import type { DocumentNode, MapNode } from '../document/node.ts'
import type { ProviderSpec } from '../options.ts'
import { declaredInFile } from '../provider-in-file.ts'
import {
  checkName,
  keyAt,
  knownEntries,
  optionText,
  readMap,
  readName,
  readOption,
  readText,
  recordOf,
} from './fields.ts'
import { checkFillable, fill } from './fill.ts'
import type { DestinationSpec, Environment, OptionValue, Workload } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'

/** `providers`: by name a kind of the registry, by default of that name, and its options. */
export function readProviders(
  node: DocumentNode | undefined,
  mistakes: Mistakes,
): Readonly<Record<string, ProviderSpec>> {
  return readNamed('providers', node, mistakes, (name, map, at) => {
    checkKind(name, at)
    const kind = kindOf(map) ?? name
    if (!Object.hasOwn(PROVIDERS, kind)) throw noSuchKind(kind, map.entries.get('kind')?.at ?? at)
    // Policies say where a value may come from by this name: `aws:…` is to mean AWS.
    if (kind !== name && Object.hasOwn(PROVIDERS, name)) {
      const says = `"${name}" is a kind of provider; one of the kind ${kind} has another name.`
      throw new DocumentError('invalid_config', says, map.entries.get('kind')?.at ?? at)
    }
    return declaredInFile({ ...readOptions(map, optionText), kind })
  })
}

/** `destinations`: by name a kind, by default of that name, and its options. */
export function readDestinations(
  node: DocumentNode | undefined,
  mistakes: Mistakes,
): Readonly<Record<string, DestinationSpec>> {
  return readNamed('destinations', node, mistakes, (name, map, at) => {
    checkName(name, "A destination's name", at)
    const kind = checkKind(kindOf(map) ?? name, map.entries.get('kind')?.at ?? at)
    return { kind, options: readOptions(map, fillableOption), at }
  })
}

/** `workloads`. Where there is no such section, every name of `usedBy` is one. */
export function readWorkloads(
  node: DocumentNode | undefined,
  named: readonly string[],
  project: string,
  environments: readonly Environment[],
  mistakes: Mistakes,
): Readonly<Record<string, Workload>> {
  if (node === undefined) {
    const implied = [...new Set(named)].map((name) => [name, workload(name, undefined)] as const)
    return recordOf(implied)
  }
  return readNamed('workloads', node, mistakes, (name, map, at) => {
    checkName(name, "A workload's name", at)
    const below = mistakes.within(`workloads.${name}`)
    const given = knownEntries(map, ['actor', 'namespace', 'serviceAccount'], below)
    const { actor, namespace, serviceAccount } = given
    return {
      ...workload(name, actor === undefined ? undefined : readActor(actor)),
      namespace: namespace && readNamespace(namespace, project),
      serviceAccount: serviceAccount && readName(serviceAccount, '"serviceAccount"'),
      at,
    }
  })

  function workload(name: string, actor = `service:\${project}-\${env}-${name}`): Workload {
    const byEnvironment = environments.map(
      (env) => [env.name, fill(actor, { env: env.name, project })] as const,
    )
    return { actor: recordOf(byEnvironment), at: undefined }
  }
}

/** Options of a map, `kind` aside. @throws DocumentError */
export function readOptions<T extends OptionValue>(
  map: MapNode,
  read: (node: DocumentNode, what: string) => T,
  besides: readonly string[] = ['kind'],
): Readonly<Record<string, T>> {
  const options = [...map.entries].filter(([key]) => !besides.includes(key))
  return recordOf(options.map(([key, part]) => [key, read(part, `"${key}"`)]))
}

/** @throws DocumentError */
export const fillableOption = (node: DocumentNode, what: string): OptionValue =>
  checkFillable(readOption(node, what), node.at)

/** @throws DocumentError */
export function checkKind(kind: string, at: string | undefined): string {
  if (KIND.test(kind)) return kind
  const says = 'A kind has at most 32 small letters, digits and - and begins with a letter.'
  throw new DocumentError('invalid_config', says, at)
}

function noSuchKind(kind: string, at: string | undefined): DocumentError {
  return new DocumentError(
    'unknown_provider',
    `There is no kind of provider ${JSON.stringify(kind.slice(0, 64))}.`,
    at,
    hintOf(kind, Object.keys(PROVIDERS)),
  )
}

const KIND = /^[a-z][a-z0-9-]{0,31}$/
const ACTOR = /^[a-z][a-z0-9-]*:[^\s\p{C}]+$/u

function kindOf(map: MapNode): string | undefined {
  const kind = map.entries.get('kind')
  return kind === undefined ? undefined : readText(kind, '"kind"', LIMITS.referenceCharsMax)
}

/** One for all environments, or a template. */
function readNamespace(node: DocumentNode, project: string): string {
  const text = readText(node, '"namespace"', LIMITS.pathBytesMax)
  const template = checkFillable(text, node.at)
  checkName(fill(template, { env: 'env', project }), '"namespace"', node.at)
  return template
}

function readActor(node: DocumentNode): string {
  const actor = readText(node, '"actor"', LIMITS.actorCharsMax)
  if (ACTOR.test(actor)) return checkFillable(actor, node.at)
  throw refuse('An actor is written kind:name, for example service:${project}-${env}-api.', node)
}

function readNamed<T>(
  section: string,
  node: DocumentNode | undefined,
  mistakes: Mistakes,
  read: (name: string, map: MapNode, at: string | undefined) => T,
): Readonly<Record<string, T>> {
  const found: [string, T][] = []
  if (node === undefined) return {}
  const below = mistakes.within(section)
  mistakes.attempt(section, () => {
    const map = readMap(node, `"${section}"`)
    if (map.entries.size > LIMITS.manifestListMax) {
      const most = `"${section}" has at most ${LIMITS.manifestListMax} entries.`
      throw new DocumentError('too_large', most, node.at)
    }
    for (const [name, part] of map.entries) {
      below.attempt(name.slice(0, 64), () => {
        found.push([name, read(name, readMap(part, `"${section}.${name}"`), keyAt(map, name))])
      })
    }
  })
  return recordOf(found)
}
