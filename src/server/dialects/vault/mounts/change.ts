import type { Mount, VaultContext } from '../route.ts'
import { bodyOfMount, settingOf } from './mount.ts'

/** Makes or changes a mount. Needs `admin` on its setting. @throws CofferError `denied`, `too_large` */
export async function putMount(context: VaultContext, mount: Mount): Promise<void> {
  const { coffer } = await context.caller()
  await coffer.settings.put(settingOf(mount.path), bodyOfMount(mount))
}

/** The same for one that is no more, also where every store has it by itself. */
export async function removeMount(context: VaultContext, { path }: Mount): Promise<void> {
  const { coffer } = await context.caller()
  await coffer.settings.put(settingOf(path), { removed: true })
}
