import { isBelow } from '../../path.ts'
import type { Action } from '../policy.ts'
import type { SecretMount } from './mounts.ts'
import type { Capability } from './parse.ts'

/** A capability at an address: what a policy in HashiCorp Vault's language can be asked. */
export interface Asked {
  readonly address: string
  readonly capability: Capability
}

/** What is known of a change, for capabilities that tell one from another. */
export interface Manner {
  /** Whether the secret is there: `create` or `update`. Absent: either will do. */
  readonly exists?: boolean | undefined
  /** It changes a part of what is there: `patch` will do as well. */
  readonly patches?: boolean | undefined
}

/**
 * What an action on a secret is, at the addresses of one mount: any one of these will do. None: the
 * secret is not shown there, or the action has no address. docs/policies.md has the table.
 */
export function askedFor(
  { path: mount, prefix, version }: SecretMount,
  action: Action,
  path: string,
  manner: Manner,
): Asked[] {
  const rest = restBelow(prefix, path)
  if (rest === undefined) return []
  const ways = (version === 2 ? KV2 : KV1)[action] ?? []
  return ways.flatMap(({ below, capability, folder }) => {
    const address = `${mount}${below}${folder === true ? parentOf(rest) : rest}`
    return capabilitiesFor(capability, manner).map((one) => ({ address, capability: one }))
  })
}

/** The other way round: what is done to which secret by something at an address. */
export function actionsAt(
  mounts: readonly SecretMount[],
  address: string,
): { readonly path: string; readonly actions: ReadonlyMap<Capability, Action> } | undefined {
  const mount = mounts.find(({ path }) => address.startsWith(path))
  if (mount === undefined) return undefined
  const below = address.slice(mount.path.length)
  for (const [start, actions] of mount.version === 2 ? KV2_ACTIONS : KV1_ACTIONS) {
    if (!below.startsWith(start)) continue
    const rest = below.slice(start.length).replace(/\/$/, '')
    const path = [mount.prefix, rest].filter((part) => part !== '').join('/')
    return { path, actions }
  }
  return undefined
}

/** Where secrets lie that addresses beginning with `start` list, as the beginning of their paths. */
export function listedBelow(
  { path: mount, prefix, version }: SecretMount,
  start: string,
): string | undefined {
  const listed = version === 2 ? `${mount}metadata/` : mount
  if (listed.startsWith(start)) return prefix
  if (!start.startsWith(listed)) return undefined
  return [prefix, start.slice(listed.length)].filter((part) => part !== '').join('/')
}

interface Way {
  readonly below: string
  /** `write`: create, update or patch, as it is. `change`: update or patch. */
  readonly capability: Capability | 'write' | 'change'
  /** Asked about what it lies in. */
  readonly folder?: true
}

type Ways = Readonly<Partial<Record<Action, readonly Way[]>>>

const KV2: Ways = {
  read: [{ below: 'data/', capability: 'read' }],
  describe: [{ below: 'metadata/', capability: 'read' }],
  list: [{ below: 'metadata/', capability: 'list', folder: true }],
  write: [{ below: 'data/', capability: 'write' }],
  rotate: [{ below: 'data/', capability: 'write' }],
  label: [{ below: 'data/', capability: 'update' }],
  update: [{ below: 'metadata/', capability: 'change' }],
  delete: [
    { below: 'data/', capability: 'delete' },
    { below: 'delete/', capability: 'update' },
  ],
  undelete: [{ below: 'undelete/', capability: 'update' }],
  destroy: [
    { below: 'destroy/', capability: 'update' },
    { below: 'metadata/', capability: 'delete' },
  ],
}

const KV1: Ways = {
  read: [{ below: '', capability: 'read' }],
  describe: [{ below: '', capability: 'read' }],
  list: [{ below: '', capability: 'list', folder: true }],
  write: [{ below: '', capability: 'write' }],
  rotate: [{ below: '', capability: 'write' }],
  label: [{ below: '', capability: 'update' }],
  update: [{ below: '', capability: 'change' }],
  delete: [{ below: '', capability: 'delete' }],
  destroy: [{ below: '', capability: 'delete' }],
}

type Actions = readonly (readonly [start: string, actions: ReadonlyMap<Capability, Action>])[]

const actions = (table: Partial<Record<Capability, Action>>): ReadonlyMap<Capability, Action> =>
  new Map(Object.entries(table) as [Capability, Action][])

const KV2_ACTIONS: Actions = [
  [
    'data/',
    actions({ read: 'read', create: 'write', update: 'write', patch: 'write', delete: 'delete' }),
  ],
  [
    'metadata/',
    actions({
      read: 'describe',
      list: 'list',
      scan: 'list',
      create: 'update',
      update: 'update',
      patch: 'update',
      delete: 'destroy',
    }),
  ],
  ['subkeys/', actions({ read: 'read' })],
  ['delete/', actions({ update: 'delete' })],
  ['undelete/', actions({ update: 'undelete' })],
  ['destroy/', actions({ update: 'destroy' })],
]

const KV1_ACTIONS: Actions = [
  [
    '',
    actions({
      read: 'read',
      list: 'list',
      scan: 'list',
      create: 'write',
      update: 'write',
      delete: 'destroy',
    }),
  ],
]

function capabilitiesFor(capability: Way['capability'], { exists, patches }: Manner): Capability[] {
  if (capability === 'change') {
    return exists === false ? ['create'] : exists === true ? CHANGE : [...CHANGE, 'create']
  }
  if (capability !== 'write') return [capability]
  const written: Capability[] =
    exists === undefined ? ['update', 'create'] : [exists ? 'update' : 'create']
  return patches === true ? [...written, 'patch'] : written
}

const CHANGE: Capability[] = ['update', 'patch']

function restBelow(prefix: string, path: string): string | undefined {
  if (prefix === '') return path
  return path !== prefix && isBelow(path, prefix) ? path.slice(prefix.length + 1) : undefined
}

/** With its slash; empty at the top. */
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)
