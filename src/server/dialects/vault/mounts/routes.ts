import { canonicalPath } from '../../../../core/path.ts'
import { isCofferError } from '../../../../core/errors.ts'
import { refuse } from '../errors.ts'
import { objectField, textField, textsField } from '../fields.ts'
import type { Mount, VaultContext, VaultHandler, VaultRoute } from '../route.ts'
import { putMount, removeMount } from './change.ts'
import { emptyMount } from './empty.ts'
import { AUTH, defaultMount, uuidOf } from './mount.ts'
import { isAuth, shownMount, shownMounts, shownTuning } from './shown.ts'
import { madeWith, tuned } from './tuning.ts'

const list: VaultHandler = async ({ mounts }) => {
  const data = shownMounts((await mounts()).filter((mount) => !isAuth(mount)))
  return { data, injected: true }
}

const read: VaultHandler = async (context) => {
  const data = shownMount(await existing(context))
  return { data, injected: true }
}

const enable: VaultHandler = async (context) => {
  const { body, server } = context
  const path = wantedPath(context)
  if ((await context.mounts()).some((mount) => overlap(mount.path, path))) {
    throw refuse(400, `path is already in use at ${path}`)
  }
  const given = textField(body, 'type') ?? ''
  const options = textsField(body, 'options') ?? {}
  const named = NAMED_VERSIONS.get(given)
  const version = named ?? options['version'] ?? '1'
  if (!['kv', 'kv-v1', 'kv-v2', 'generic'].includes(given) || !['1', '2'].includes(version)) {
    throw refuse(400, `plugin not found in the catalog: ${given.slice(0, 64)}`)
  }
  const random = Buffer.from(server.random(20)).toString('hex')
  await putMount(context, {
    ...defaultMount('', path, version === '2' ? 'kv2' : 'kv1'),
    accessor: `kv_${random.slice(32)}`,
    uuid: uuidOf(random),
    description: textField(body, 'description') ?? '',
    prefix: path === DEFAULT_MOUNT ? '' : path.slice(0, -1),
    options: named === undefined ? options : { ...options, version: named },
    flags: madeWith(body),
    config: tuned({}, objectField(body, 'config') ?? {}),
  })
  return undefined
}

const NAMED_VERSIONS: ReadonlyMap<string, string> = new Map([
  ['kv-v1', '1'],
  ['kv-v2', '2'],
])

const disable: VaultHandler = async (context) => {
  const path = wantedPath(context)
  const mount = (await context.mounts()).find((known) => known.path === path)
  if (mount === undefined) return undefined
  if (!isKv(mount)) throw refuse(400, `cannot unmount ${JSON.stringify(path)}`)
  const kept = await emptyMount(context, mount)
  await removeMount(context, mount)
  return kept === 0 ? undefined : { data: null, warnings: [stays(kept)] }
}

const stays = (kept: number) =>
  `${kept} secrets stay below the path: the token may not destroy them`

const readTuning: VaultHandler = async (context) => {
  return { data: shownTuning(await existing(context)), injected: true }
}

const tune: VaultHandler = async (context) => {
  const { body } = context
  const mount = await existing(context)
  const options = { ...mount.options, ...textsField(body, 'options') }
  const version = options['version'] ?? '1'
  if (isKv(mount) && version !== (mount.options['version'] ?? '1')) {
    if (mount.backend !== 'kv1' || version !== '2') {
      throw refuse(400, 'cannot downgrade a versioned mount')
    }
  }
  if (!isKv(mount)) throw refuse(400, `cannot tune ${JSON.stringify(mount.path)}`)
  await putMount(context, {
    ...mount,
    backend: version === '2' ? 'kv2' : 'kv1',
    options,
    description: textField(body, 'description') ?? mount.description,
    config: tuned(mount.config, body),
  })
  return undefined
}

const remount: VaultHandler = () => {
  throw refuse(400, 'mounts cannot be moved: mount the new path and copy')
}

/** `sys/mounts` and what belongs to it. */
export const MOUNT_ROUTES: readonly VaultRoute[] = [
  { path: 'mounts', on: { read: list, list } },
  { path: 'remount', on: { update: remount } },
  ...[1, 2, 3, 4].map((segments): VaultRoute => {
    const path = Array.from({ length: segments }, (_, i) => `:p${i}`).join('/')
    return { path: `mounts/${path}/tune`, on: { read: readTuning, update: tune } }
  }),
  { path: 'mounts/*path', on: { read, update: enable, delete: disable } },
]

/** The mount whose secrets are where all others are, also when it was taken away and made again. */
const DEFAULT_MOUNT = 'secret/'

const isKv = ({ backend }: Mount): boolean => backend === 'kv1' || backend === 'kv2'

/** @throws VaultRefusal 400 */
function wantedPath({ params }: VaultContext): string {
  const given = params['path'] ?? Object.values(params).join('/')
  const path = `${given.replace(/\/+$/, '')}/`
  if (AUTH.startsWith(path) || path.startsWith(AUTH) || path.startsWith('sys/')) {
    throw refuse(400, `path ${JSON.stringify(path.slice(0, 512))} is reserved`)
  }
  try {
    canonicalPath(path.slice(0, -1))
  } catch (error) {
    if (isCofferError(error)) throw refuse(400, error.message)
    throw error
  }
  return path
}

/** @throws VaultRefusal 400 */
async function existing(context: VaultContext): Promise<Mount> {
  const { params } = context
  const given = params['path'] ?? Object.values(params).join('/')
  const path = `${given.replace(/\/+$/, '')}/`
  const mount = (await context.mounts()).find((known) => known.path === path)
  if (mount === undefined) throw refuse(400, `No secret engine mount at ${path.slice(0, 512)}`)
  return mount
}

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
