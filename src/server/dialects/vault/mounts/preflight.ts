import { refuse } from '../errors.ts'
import type { Mount, VaultHandler, VaultRoute } from '../route.ts'
import { AUTH } from './mount.ts'
import { isAuth, shownMount } from './shown.ts'
import { mountAt } from './table.ts'

/** What a client may see before it has logged in: what says so itself. */
const forStrangers = ({ config }: Mount): boolean => config['listing_visibility'] === 'unauth'

const list: VaultHandler = async (context) => {
  const known = context.token === undefined ? undefined : await context.caller()
  const visible = (await context.mounts()).filter((m) => known !== undefined || forStrangers(m))
  const shown = (mounts: readonly Mount[], from: number) =>
    Object.fromEntries(mounts.map((mount) => [mount.path.slice(from), shownMount(mount)]))
  return {
    data: {
      auth: shown(visible.filter(isAuth), AUTH.length),
      secret: shown(
        visible.filter((mount) => !isAuth(mount)),
        0,
      ),
    },
  }
}

/** Asked by command lines before anything else, to learn which version of KV a path lies in. */
const find: VaultHandler = async (context) => {
  const path = context.params['path'] ?? ''
  await context.caller()
  const found = mountAt(await context.mounts(), path)
  if (found === undefined) {
    throw refuse(
      403,
      "preflight capability check returned 403, please ensure client's policies grant access to path " +
        JSON.stringify(`${path.slice(0, 512)}/`),
    )
  }
  return { data: { ...shownMount(found.mount), path: found.mount.path } }
}

/** `sys/internal/ui/mounts`: needs no policy of its own, any good token will do. */
export const PREFLIGHT_ROUTES: readonly VaultRoute[] = [
  { path: 'internal/ui/mounts', open: true, counts: 'read', on: { read: list } },
  { path: 'internal/ui/mounts/*path', decidedInside: true, counts: 'read', on: { read: find } },
]
