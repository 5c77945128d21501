import type { Grants } from '../../../../core/ports/identities.ts'
import type { AddressPermissions } from '../../../../core/policy/vault/permissions.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { refuse } from '../errors.ts'
import { listField, textField } from '../fields.ts'
import type { VaultAnswer, VaultContext, VaultHandler, VaultRoute } from '../route.ts'

/** Of the token in the body. */
const ofToken: VaultHandler = async (context) => {
  const token = textField(context.body, 'token') ?? ''
  if (token === '') return ofSelf(context)
  const { coffer } = await context.caller()
  const record = await coffer.identities.lookupToken({ token })
  if (record === undefined) throw refuse(400, 'invalid token')
  return answered(context, record)
}

const ofAccessor: VaultHandler = async (context) => {
  const accessor = textField(context.body, 'accessor') ?? ''
  if (accessor === '') throw refuse(400, 'missing accessor')
  const { coffer } = await context.caller()
  const record = await coffer.identities.lookupToken({ accessor })
  if (record === undefined) throw refuse(400, 'invalid accessor')
  return answered(context, record)
}

/** Any token may ask about itself. */
const ofSelf: VaultHandler = async (context) => answered(context, (await context.caller()).session)

/** Whether it is root; for anything less a console asks path by path. */
const resultant: VaultHandler = async (context) => {
  const { isRoot } = await permissions(context, (await context.caller()).session, 'sys/')
  return { data: { root: isRoot, exact_paths: {}, glob_paths: {} } }
}

export const CAPABILITY_ROUTES: readonly VaultRoute[] = [
  { path: 'capabilities', on: { update: ofToken } },
  { path: 'capabilities-accessor', on: { update: ofAccessor } },
  { path: 'capabilities-self', decidedInside: true, on: { update: ofSelf } },
  { path: 'internal/ui/resultant-acl', decidedInside: true, on: { read: resultant } },
]

interface Subject {
  readonly actor: string
  readonly grants?: Grants | undefined
}

async function answered(context: VaultContext, subject: Subject): Promise<VaultAnswer> {
  const paths = listField(context.body, 'paths') ?? listField(context.body, 'path') ?? []
  if (paths.length === 0) throw refuse(400, 'paths must be supplied')
  if (paths.length > PATHS_MAX) throw refuse(400, `at most ${PATHS_MAX} paths at once`)
  const data: JsonObject = {}
  let only: string[] = []
  for (const path of paths) {
    only = shown(await permissions(context, subject, path.replace(/^\/+/, '')))
    Object.defineProperty(data, path, { value: only, enumerable: true })
  }
  if (paths.length === 1) data['capabilities'] = only
  return { data, injected: true }
}

const PATHS_MAX = 500

const permissions = (
  { server }: VaultContext,
  { actor, grants }: Subject,
  path: string,
): Promise<AddressPermissions> =>
  server.gate.platform().vaultPermissions({ actor, grants }, path, { asList: true })

function shown({ isRoot, capabilities }: AddressPermissions): string[] {
  if (isRoot) return ['root']
  return capabilities.size === 0 ? ['deny'] : [...capabilities].toSorted()
}
