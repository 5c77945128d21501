import { afterAll, beforeAll, describe } from 'vitest'
import { accessContract } from './coffer-contract/access.ts'
import { accessAdminContract } from './coffer-contract/access-admin.ts'
import { auditContract } from './coffer-contract/audit.ts'
import { deliveryContract } from './coffer-contract/delivery.ts'
import { eventsContract } from './coffer-contract/events.ts'
import { identitiesContract } from './coffer-contract/identities.ts'
import { labelsContract } from './coffer-contract/labels.ts'
import { limitsContract } from './coffer-contract/limits.ts'
import { listingContract } from './coffer-contract/listing.ts'
import { credentialPagesContract } from './coffer-contract/credential-pages.ts'
import { loginRolesContract } from './coffer-contract/login-roles.ts'
import { partialContract } from './coffer-contract/partial.ts'
import { removalContract } from './coffer-contract/removal.ts'
import { validityContract } from './coffer-contract/validity.ts'
import { valuesContract } from './coffer-contract/values.ts'
import { vaultPolicyContract } from './coffer-contract/vault-policy.ts'
import { versionsContract } from './coffer-contract/versions.ts'
import type { CofferWorld, Stage } from './coffer-contract/world.ts'

export type { CofferWorld } from './coffer-contract/world.ts'

/**
 * Every promise of `Coffer` (src/core/ports/coffer.ts), as tests: the local engine and any client
 * of it pass the same. Needs vitest.
 *
 * @example
 * cofferContract('http', async () => worldOf(await startServer(emptyStore)))
 */
export function cofferContract(name: string, open: () => Promise<CofferWorld>): void {
  for (const [group, contract] of Object.entries(GROUPS)) {
    describe(`coffer contract: ${name}: ${group}`, () => {
      let world: CofferWorld
      let used = 0

      beforeAll(async () => {
        world = await open()
      })
      afterAll(() => world.close())

      contract((): Stage => ({
        world,
        coffer: world.as(world.admin),
        fresh: () => `contract/t${(used += 1)}`,
      }))
    })
  }
}

const GROUPS: Readonly<Record<string, (stage: () => Stage) => void>> = {
  versions: versionsContract,
  values: valuesContract,
  labels: labelsContract,
  partial: partialContract,
  validity: validityContract,
  removal: removalContract,
  limits: limitsContract,
  listing: listingContract,
  access: accessContract,
  'access admin': accessAdminContract,
  'policies in Vault’s language': vaultPolicyContract,
  delivery: deliveryContract,
  audit: auditContract,
  events: eventsContract,
  identities: identitiesContract,
  'login roles': loginRolesContract,
  'pages of credentials': credentialPagesContract,
}
