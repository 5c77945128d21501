import { ConfigError } from '../problem.ts'
import type { Problem } from '../problem.ts'
import { environmentOf } from './environment.ts'
import { fill, fillOption } from './fill.ts'
import type {
  DeclaredDelivery,
  DeliveryEntry,
  DeliveryTarget,
  Manifest,
  OptionValue,
} from './manifest.ts'

/**
 * Where an environment's secrets are delivered: lines that lead to the same place, with `${env}` and
 * `${project}` filled in, are one target. In the manifest's order; the same for the same manifest.
 * @throws ConfigError for every name that two entries of one place would have; CofferError
 * `invalid_config` for an environment that the manifest does not list
 */
export function deliveriesOf(manifest: Manifest, env: string): readonly DeliveryTarget[] {
  const names = { env: environmentOf(manifest, env).name, project: manifest.project }
  const targets = new Map<string, Target>()
  const problems: Problem[] = []
  for (const secret of manifest.secrets) {
    const reference = secret.references[env]
    if (reference === undefined) continue
    for (const [i, line] of secret.deliver.entries()) {
      if (!line.environments.includes(env)) continue
      const target = targetIn(targets, placeOf(manifest, line, names))
      const { to, at } = line
      const entry = { to, name: fill(line.name, names), secret, reference, at }
      const first = target.entries.get(entry.name)
      if (first === undefined) target.entries.set(entry.name, entry)
      else problems.push(collision(`secrets.${secret.name}.deliver.${i}`, entry, first))
    }
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return [...targets.values()].map(({ kind, options, entries }) => ({
    kind,
    options,
    entries: [...entries.values()],
  }))
}

type Place = Pick<DeliveryTarget, 'kind' | 'options'>

interface Target extends Place {
  readonly entries: Map<string, DeliveryEntry>
}

function placeOf(
  { destinations }: Manifest,
  line: DeclaredDelivery,
  names: { readonly env: string; readonly project: string },
): Place {
  const spec = Object.hasOwn(destinations, line.to) ? destinations[line.to] : undefined
  const all = Object.entries({ ...spec?.options, ...line.options })
  const options = all
    .map(([key, value]) => [key, fillOption(value, names)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  return { kind: spec?.kind ?? line.to, options: Object.fromEntries(options) }
}

function targetIn(targets: Map<string, Target>, place: Place): Target {
  const key = JSON.stringify([place.kind, place.options], sorted)
  const known = targets.get(key)
  if (known !== undefined) return known
  const made = { ...place, entries: new Map<string, DeliveryEntry>() }
  targets.set(key, made)
  return made
}

const sorted = (_: string, value: OptionValue): OptionValue =>
  typeof value === 'string' || Array.isArray(value)
    ? value
    : Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

const collision = (field: string, entry: DeliveryEntry, first: DeliveryEntry): Problem => ({
  field,
  position: entry.at,
  reference: '',
  provider: '',
  code: 'invalid_config',
  message: `${entry.name} is delivered there by ${first.secret.name}, too.`,
  remedy: 'Give one of them another name there.',
})
