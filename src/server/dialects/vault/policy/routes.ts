import { isCofferError } from '../../../../core/errors.ts'
import { BUILTIN_POLICIES } from '../../../../core/policy/builtin.ts'
import type { Policy } from '../../../../core/policy/policy.ts'
import {
  DEFAULT_POLICY,
  isPolicyName,
  isRootPolicy,
  policyName,
  shownPolicies,
} from '../auth/policy-names.ts'
import { refuse } from '../errors.ts'
import { textField } from '../fields.ts'
import type { VaultContext, VaultHandler, VaultRoute } from '../route.ts'

/** `sys/policies/acl`. */
const list: VaultHandler = async (context) => ({ data: { keys: await namesOf(context) } })

/** `sys/policy`, the older one. */
const listOld: VaultHandler = async (context) => {
  const names = await namesOf(context)
  return { data: { keys: names, policies: names }, injected: true }
}

const read: VaultHandler = async (context) => {
  const found = await policyOf(context)
  if (found === undefined) return 'absent'
  return { data: { name: shownName(context), policy: textOf(found) } }
}

const readOld: VaultHandler = async (context) => {
  const found = await policyOf(context)
  if (found === undefined) return 'absent'
  const name = shownName(context)
  return { data: { name, rules: textOf(found) }, injected: true }
}

/** Kept as it was written, once it is understood. */
const write: VaultHandler = async (context) => {
  const { body } = context
  const name = nameOf(context)
  if (BUILTIN_POLICIES.has(name)) {
    throw refuse(400, `cannot update ${JSON.stringify(shownName(context))} policy`)
  }
  const given = textField(body, 'policy') || textField(body, 'rules') || ''
  if (given === '') throw refuse(400, "'policy' parameter not supplied or empty")
  const hcl = fromBase64(given)
  const { coffer } = await context.caller()
  try {
    await coffer.access.putPolicy({ name, combine: 'mostSpecific', rules: [], hcl })
  } catch (error) {
    if (!isCofferError(error, 'invalid_policy')) throw error
    throw refuse(400, `failed to parse policy: ${error.message}`)
  }
  return undefined
}

const remove: VaultHandler = async (context) => {
  if (!isPolicyName(context.params['name'] ?? '')) return undefined
  const name = nameOf(context)
  if (name === DEFAULT_POLICY || BUILTIN_POLICIES.has(name)) {
    throw refuse(400, `cannot delete ${JSON.stringify(shownName(context))} policy`)
  }
  const { coffer } = await context.caller()
  try {
    await coffer.access.deletePolicy(name)
  } catch (error) {
    if (!isCofferError(error, 'not_found')) throw error
  }
  return undefined
}

export const POLICY_ROUTES: readonly VaultRoute[] = [
  { path: 'policies/acl', on: { list, read: list } },
  { path: 'policies/acl/:name', folds: 'name', on: { read, update: write, delete: remove } },
  { path: 'policy', on: { list: listOld, read: listOld } },
  { path: 'policy/:name', folds: 'name', on: { read: readOld, update: write, delete: remove } },
]

const nameOf = ({ params }: VaultContext): string => policyName(params['name'] ?? '')
const shownName = (context: VaultContext): string => shownPolicies([nameOf(context)])[0] ?? ''

/** Those that every store has and Vault does not know are left out: a fresh one has `default` and `root`. */
async function namesOf(context: VaultContext): Promise<string[]> {
  const { coffer } = await context.caller()
  const names = (await coffer.access.policies()).map(({ name }) => name)
  return shownPolicies(names.filter((name) => isRootPolicy(name) || !BUILTIN_POLICIES.has(name)))
}

async function policyOf(context: VaultContext): Promise<Policy | undefined> {
  const { coffer } = await context.caller()
  const name = isPolicyName(context.params['name'] ?? '') ? nameOf(context) : undefined
  return (await coffer.access.policies()).find((policy) => policy.name === name)
}

/** One that was not written in this language is shown as what it is, and cannot be written back. */
function textOf(policy: Policy): string {
  if (isRootPolicy(policy.name)) return ''
  return policy.hcl ?? `# A policy of Coffer's own.\n${JSON.stringify(policy, null, 2)}\n`
}

/** Clients may send the text in base64, which no policy looks like. */
function fromBase64(given: string): string {
  if (!/^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(given)) return given
  return Buffer.from(given, 'base64').toString('utf8')
}
