import { refuse } from '../errors.ts'
import { objectField, textField, textsField } from '../fields.ts'
import { removeIdentities } from './remove.ts'
import { putMount, removeMount } from '../mounts/change.ts'
import { AUTH, defaultMount, settingOf, uuidOf } from '../mounts/mount.ts'
import { isAuth, shownMount, shownMounts, shownTuning } from '../mounts/shown.ts'
import { madeWith, tuned } from '../mounts/tuning.ts'
import type { Backend, Mount, VaultContext, VaultHandler, VaultRoute } from '../route.ts'

const list: VaultHandler = async ({ mounts }) => ({
  data: shownMounts((await mounts()).filter(isAuth)),
  injected: true,
})

const read: VaultHandler = async (context) => ({
  data: shownMount(await existing(context)),
  injected: true,
})

const enable: VaultHandler = async (context) => {
  const { body, server } = context
  const path = wantedPath(context)
  const type = textField(body, 'type') ?? ''
  const backend = METHODS.get(type)
  if (backend === undefined) {
    throw refuse(400, `plugin not found in the catalog: ${type.slice(0, 64)}`)
  }
  const inUse = (await context.mounts()).find((mount) => overlap(mount.path, path))
  if (inUse !== undefined && !(await isUntouched(context, inUse, path, backend))) {
    throw refuse(400, `path is already in use at ${path.slice(AUTH.length)}`)
  }
  const random = Buffer.from(server.random(20)).toString('hex')
  await putMount(context, {
    ...defaultMount('', path, backend),
    accessor: `auth_${backend}_${random.slice(32)}`,
    uuid: uuidOf(random),
    description: textField(body, 'description') ?? '',
    options: textsField(body, 'options') ?? {},
    flags: madeWith(body),
    config: tuned({}, objectField(body, 'config') ?? {}),
  })
  return undefined
}

/** With its roles, and with every token that was logged in by it. */
const disable: VaultHandler = async (context) => {
  const path = wantedPath(context)
  const mount = (await context.mounts()).find((known) => known.path === path)
  if (mount === undefined) return undefined
  if (mount.backend === 'token') throw refuse(400, 'token credential backend cannot be disabled')
  await removeMount(context, mount)
  await removeIdentities(context, path.slice(AUTH.length, -1))
  return undefined
}

const readTuning: VaultHandler = async (context) => ({
  data: shownTuning(await existing(context)),
  injected: true,
})

const tune: VaultHandler = async (context) => {
  const { body } = context
  const mount = await existing(context)
  await putMount(context, {
    ...mount,
    description: textField(body, 'description') ?? mount.description,
    config: tuned(mount.config, body),
  })
  return undefined
}

const PATHS = [1, 2, 3, 4].map((segments) =>
  Array.from({ length: segments }, (_, i) => `:p${i}`).join('/'),
)

/** `sys/auth` and what belongs to it. */
export const AUTH_METHOD_ROUTES: readonly VaultRoute[] = [
  { path: 'auth', on: { read: list, list } },
  ...PATHS.flatMap((path): VaultRoute[] => [
    { path: `auth/${path}/tune`, on: { read: readTuning, update: tune } },
    { path: `mounts/auth/${path}/tune`, on: { read: readTuning, update: tune } },
  ]),
  { path: 'auth/*path', on: { read, update: enable, delete: disable } },
]

const METHODS: ReadonlyMap<string, Backend> = new Map([
  ['approle', 'approle'],
  ['jwt', 'jwt'],
])

/** What every store has from the start may be enabled once by somebody who does not know that. */
async function isUntouched(
  { server }: VaultContext,
  mount: Mount,
  path: string,
  backend: Backend,
): Promise<boolean> {
  if (mount.path !== path || mount.backend !== backend) return false
  return (await server.gate.platform().settings.get(settingOf(path))) === undefined
}

/** As identities name mounts. @throws VaultRefusal 400 */
function wantedPath({ params }: VaultContext): string {
  const given = (params['path'] ?? Object.values(params).join('/')).replace(/\/+$/, '')
  if (given.length <= 128 && NAME.test(given)) return `${AUTH}${given}/`
  throw refuse(400, 'the path of an auth method is letters, digits and _ . - / of at most 128')
}

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/

/** @throws VaultRefusal 400 */
async function existing(context: VaultContext): Promise<Mount> {
  const path = wantedPath(context)
  const mount = (await context.mounts()).find((known) => known.path === path)
  if (mount !== undefined) return mount
  throw refuse(400, `No auth engine at ${path.slice(AUTH.length)}`)
}

const overlap = (a: string, b: string): boolean => a.startsWith(b) || b.startsWith(a)
