import { isCofferError } from '../../../core/errors.ts'
import { deliveriesOf } from '../../manifest/deliveries.ts'
import type { DeliveryTarget, Environment, Manifest } from '../../manifest/manifest.ts'
import { ConfigError } from '../../problem.ts'
import type { DeliveryProblem } from '../facts.ts'

/** Opens a place and closes it again, without asking it anything. @throws CofferError */
export type TryPlace = (target: DeliveryTarget, environment: string) => Promise<void>

/**
 * The places whose options are wrong, in each environment. What else keeps one from being opened (a
 * package, a login) is a matter of the machine that delivers, which need not be this one.
 */
export async function collectDeliveries(
  manifest: Manifest,
  environments: readonly Environment[],
  tryPlace: TryPlace,
): Promise<readonly DeliveryProblem[]> {
  const problems: DeliveryProblem[] = []
  for (const { name: environment } of environments) {
    for (const target of targetsOf(manifest, environment)) {
      try {
        await tryPlace(target, environment)
      } catch (error) {
        if (!isCofferError(error, 'invalid_argument')) continue
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
