import { LIMITS } from '../../core/limits.ts'
import { DocumentError, refuse } from '../document/node.ts'
import type { DocumentNode } from '../document/node.ts'
import { keyAt, readList, readMap, readText } from './fields.ts'
import { checkFillable } from './fill.ts'
import type { DeclaredDelivery, DestinationSpec } from './manifest.ts'
import type { Mistakes } from './mistakes.ts'
import { checkKind, fillableOption, readOptions } from './named.ts'

export interface DeliverContext {
  readonly destinations: Readonly<Record<string, DestinationSpec>>
  /** What a delivery is called there when it does not say. */
  readonly variable: string
  /** The environments that need the secret. */
  readonly environments: readonly string[]
  /** Reads a list of them. */
  readonly readEnvironments: (node: DocumentNode, among: readonly string[]) => readonly string[]
}

/** `deliver` of a secret. Lines with a mistake are left out of the answer. */
export function readDeliver(
  node: DocumentNode,
  context: DeliverContext,
  mistakes: Mistakes,
): readonly DeclaredDelivery[] {
  const lines = mistakes.attempt('deliver', () => readList(node, '"deliver"')) ?? []
  return lines.flatMap(
    (line, i) => mistakes.attempt(`deliver.${i}`, () => readLine(line, context)) ?? [],
  )
}

const OWN = ['to', 'name', 'environments']

function readLine(node: DocumentNode, context: DeliverContext): DeclaredDelivery {
  const map = readMap(node, 'A line of "deliver"')
  const [target, called, environments] = OWN.map((key) => map.entries.get(key))
  if (target === undefined) throw refuse('"to" says where it is delivered: a destination.', node)
  const to = readText(target, '"to"', LIMITS.referenceCharsMax)
  const spec = Object.hasOwn(context.destinations, to) ? context.destinations[to] : undefined
  if (spec === undefined) checkKind(to, target.at)
  const options = readOptions(map, fillableOption, OWN)
  const again = Object.keys(options).find((key) => Object.hasOwn(spec?.options ?? {}, key))
  if (again !== undefined) {
    const why = `The destination ${to} says "${again}" already.`
    throw new DocumentError('invalid_config', why, keyAt(map, again))
  }
  const name =
    called === undefined
      ? context.variable
      : checkFillable(readText(called, '"name"', LIMITS.referenceCharsMax), called.at)
  return {
    to,
    name,
    options,
    environments:
      environments === undefined
        ? context.environments
        : context.readEnvironments(environments, context.environments),
    at: node.at,
  }
}
