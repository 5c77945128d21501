import { CURRENT } from '../core/label.ts'
import type { AddressPermissions } from '../core/policy/vault/permissions.ts'
import { permissionsAt } from '../core/policy/vault/permissions.ts'
import { MOUNT_SETTINGS, secretMounts } from '../core/policy/vault/mounts.ts'
import type { Platform } from '../core/ports/platform.ts'
import type { EngineContext, Subject } from './context.ts'
import { createSettings } from './settings.ts'

/** What a subject may do at an address of the Vault dialect. Tells no secret, and is not audited. */
export async function vaultPermissions(
  context: EngineContext,
  subject: Subject,
  address: string,
  { asList = false, labels = [CURRENT] }: Options = {},
): Promise<AddressPermissions> {
  const { compiled } = await context.access.load(subject)
  const mounts =
    compiled.vault?.mounts ?? secretMounts(await createSettings(context).list(MOUNT_SETTINGS))
  return permissionsAt(compiled, mounts, address, { at: context.clock(), labels }, asList)
}

type Options = NonNullable<Parameters<Platform['vaultPermissions']>[2]>
