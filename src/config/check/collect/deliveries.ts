import { isCofferError } from '../../../core/errors.ts'
import { deliveriesOf } from '../../manifest/deliveries.ts'
import type { DeliveryTarget, Environment, Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import type { DeliveryProblem } from '../facts.ts'

/**
 * Opens a place and closes it again, without asking it anything. Answers with its id; undefined where
 * another machine has another place of that id.
 * @throws CofferError
 */
export type TryPlace = (target: DeliveryTarget, environment: string) => Promise<string | undefined>

/**
 * The places whose options are wrong, in each of these environments, and the names that two
 * environments of the manifest have at one place, where it is one of these. What else keeps a place from
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
    for (const target of targetsOf(manifest, environment)) {
      try {
        const id = await tryPlace(target, environment)
        if (id === undefined) continue
        for (const { name, secret, at } of target.entries) {
          const key = JSON.stringify([id, name])
          const other = delivered.get(key)
          if (other === undefined) delivered.set(key, environment)
          else if (asked.has(environment) || asked.has(other)) {
            const message = `${other} delivers its own value to ${id} as ${name}, too.`
            const path = `secrets.${secret.name}.deliver`
            problems.push({ code: 'delivery_collision', environment, path, position: at, message })
          }
        }
      } catch (error) {
        if (!isCofferError(error, 'invalid_argument') || !asked.has(environment)) continue
        const [{ secret, at } = {}] = target.entries
        const path = secret === undefined ? target.kind : `secrets.${secret.name}.deliver`
        problems.push({ environment, path, position: at, message: error.message })
      }
    }
  }
  return problems
}

/** None where lines collide: another rule tells of that. */
function targetsOf(manifest: Manifest, environment: string): readonly DeliveryTarget[] {
  try {
    return deliveriesOf(manifest, environment)
  } catch (error) {
    if (error instanceof ConfigError) return []
    throw error
  }
}
