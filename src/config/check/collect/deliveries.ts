import { isCofferError } from '../../../core/errors.ts'
import { deliveriesOf } from '../../manifest/deliveries.ts'
import type {
  DeliveryEntry,
  DeliveryTarget,
  Environment,
  Manifest,
} from '../../manifest/manifest.ts'
import { disagreement } from '../../manifest/one-place.ts'
import { ConfigError } from '../../problem.ts'
import type { DeliveryProblem } from '../facts.ts'

/**
 * Opens a place and closes it again, without asking it anything. Answers with its id; undefined where
 * another machine has another place of that id.
 * @throws CofferError
 */
export type TryPlace = (target: DeliveryTarget, environment: string) => Promise<string | undefined>

/**
 * The places whose options are wrong or do not agree, in each of these environments, and the names that
 * two environments of the manifest have at one place, where it is one of these. What else keeps a place from
 * being opened (a package, a login) is a matter of the machine that delivers, which need not be this one.
 */
export async function collectDeliveries(
  manifest: Manifest,
  environments: readonly Environment[],
  tryPlace: TryPlace,
): Promise<readonly DeliveryProblem[]> {
  const problems: DeliveryProblem[] = []
  const asked = new Set(environments.map(({ name }) => name))
  const delivered = new Map<string, string>()
  for (const { name: environment } of manifest.environments) {
    const places = new Map<string, DeliveryTarget>()
    for (const target of targetsOf(manifest, environment)) {
      const about = { environment, path: pathOf(target), position: target.entries[0]?.at }
      const invalid = { ...about, code: 'invalid_delivery' } as const
      try {
        const id = await tryPlace(target, environment)
        if (id === undefined) continue
        const first = places.get(id)
        if (first !== undefined) {
          if (asked.has(environment))
            problems.push({ ...invalid, ...disagreement(id, first, target) })
          continue
        }
        places.set(id, target)
        for (const entry of target.entries) {
          const key = JSON.stringify([id, entry.name])
          const other = delivered.get(key)
          if (other === undefined) delivered.set(key, environment)
          else if (asked.has(environment) || asked.has(other)) {
            problems.push(collision(environment, entry, id, other))
          }
        }
      } catch (error) {
        if (!isCofferError(error, 'invalid_argument') || !asked.has(environment)) continue
        problems.push({ ...invalid, message: error.message })
      }
    }
  }
  return problems
}

const pathOf = ({ kind, entries: [first] }: DeliveryTarget): string =>
  first === undefined ? kind : `secrets.${first.secret.name}.deliver`

const collision = (
  environment: string,
  { name, secret, at }: DeliveryEntry,
  id: string,
  other: string,
): DeliveryProblem => ({
  code: 'delivery_collision',
  environment,
  path: `secrets.${secret.name}.deliver`,
  position: at,
  message: `${other} delivers its own value to ${id} as ${name}, too.`,
  remedy: 'Say which one it is with `environments: […]` in the line, or put ${env} into its name.',
})

/** None where lines collide: another rule tells of that. */
function targetsOf(manifest: Manifest, environment: string): readonly DeliveryTarget[] {
  try {
    return deliveriesOf(manifest, environment)
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}
