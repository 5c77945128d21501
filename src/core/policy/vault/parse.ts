import { LIMITS } from '../../limits.ts'
import type { JsonValue } from '../../value.ts'
import type { HclMember, HclValue } from './hcl.ts'
import { parseHcl, refuseAt } from './hcl.ts'

/** What may be done at an address, in HashiCorp Vault's words. */
export const CAPABILITIES = [
  'create',
  'read',
  'update',
  'delete',
  'list',
  'sudo',
  'patch',
  'scan',
] as const
export type Capability = (typeof CAPABILITIES)[number]

/** One `path` of a policy. */
export interface VaultRule {
  /** As written, a leading slash dropped: `secret/data/app/*`, `sys/+/x`. */
  readonly path: string
  /** `deny`: nothing at all, whatever else is said of the same path. */
  readonly capabilities: ReadonlySet<Capability> | 'deny'
  readonly parameters: Parameters | undefined
  /** It asks for wrapped answers, which there are none of: it gives nothing. */
  readonly wantsWrapping: boolean
}

/** By name in lower case; an empty list stands for any value. */
export interface Parameters {
  readonly allowed: ReadonlyMap<string, readonly JsonValue[]> | undefined
  readonly denied: ReadonlyMap<string, readonly JsonValue[]> | undefined
  readonly required: readonly string[]
}

/**
 * Reads a policy in HashiCorp Vault's language, HCL or JSON. What is unknown or would be silently
 * without effect is refused.
 * @throws CofferError `invalid_policy`, naming the line
 */
export function parseVaultPolicy(text: string): VaultRule[] {
  if (Buffer.byteLength(text) > LIMITS.policyBytesMax) {
    throw refuseAt(1, `a policy has at most ${LIMITS.policyBytesMax} bytes`)
  }
  const rules: VaultRule[] = []
  for (const { key, line, value } of membersOf(parseHcl(text))) {
    if (key === 'name') continue
    if (key !== 'path') throw refuseAt(line, `unknown key ${shown(key)}`)
    for (const member of membersOf(value)) {
      for (const body of eachOf(member.value)) rules.push(ruleOf(member, membersOf(body)))
    }
  }
  if (rules.length > LIMITS.policyRulesMax) {
    throw refuseAt(1, `a policy has at most ${LIMITS.policyRulesMax} paths`)
  }
  return rules
}

type Fields = ReadonlyMap<string, HclValue>

/** Known and without effect here. */
const IGNORED: ReadonlySet<string> = new Set(['comment', 'max_wrapping_ttl'])
const READ: ReadonlySet<string> = new Set([
  'policy',
  'capabilities',
  'allowed_parameters',
  'denied_parameters',
  'required_parameters',
  'min_wrapping_ttl',
])

/** What was written before there were capabilities. */
const LEGACY: ReadonlyMap<string, readonly Capability[] | 'deny'> = new Map<
  string,
  readonly Capability[] | 'deny'
>([
  ['deny', 'deny'],
  ['read', ['read', 'list']],
  ['write', ['create', 'read', 'update', 'delete', 'list']],
  ['sudo', ['create', 'read', 'update', 'delete', 'list', 'sudo']],
])

function ruleOf({ key, line }: HclMember, members: readonly HclMember[]): VaultRule {
  const path = key.startsWith('/') ? key.slice(1) : key
  if (path.includes('+*')) throw refuseAt(line, `"+*" is not allowed in ${shown(key)}`)
  const fields = new Map<string, HclValue>()
  for (const member of members) {
    if (IGNORED.has(member.key)) continue
    if (!READ.has(member.key)) {
      throw refuseAt(member.line, `path ${shown(key)}: unknown key ${shown(member.key)}`)
    }
    fields.set(member.key, member.value)
  }
  return {
    path,
    capabilities: capabilitiesOf(key, fields),
    parameters: parametersOf(fields),
    wantsWrapping: fields.has('min_wrapping_ttl'),
  }
}

function capabilitiesOf(key: string, fields: Fields): VaultRule['capabilities'] {
  const legacy = fields.get('policy')
  const given = new Set<Capability>()
  if (legacy !== undefined) {
    const known = LEGACY.get(textOf(legacy))
    if (known === undefined) throw refuseAt(legacy.line, `path ${shown(key)}: invalid policy`)
    if (known === 'deny') return 'deny'
    for (const capability of known) given.add(capability)
  }
  let denies = false
  for (const item of itemsOf(fields.get('capabilities'))) {
    const word = textOf(item)
    const capability = CAPABILITIES.find((known) => known === word)
    if (capability !== undefined) given.add(capability)
    else if (word === 'deny') denies = true
    else throw refuseAt(item.line, `path ${shown(key)}: invalid capability ${shown(word)}`)
  }
  return denies ? 'deny' : given
}

function parametersOf(fields: Fields): Parameters | undefined {
  const allowed = valuesByName(fields.get('allowed_parameters'))
  const denied = valuesByName(fields.get('denied_parameters'))
  const required = itemsOf(fields.get('required_parameters')).map((item) =>
    textOf(item).toLowerCase(),
  )
  if (allowed === undefined && denied === undefined && required.length === 0) return undefined
  return { allowed, denied, required }
}

function valuesByName(value: HclValue | undefined): Map<string, JsonValue[]> | undefined {
  if (value === undefined) return undefined
  const found = new Map<string, JsonValue[]>()
  for (const { key, value: values } of membersOf(value)) {
    found.set(key.toLowerCase(), itemsOf(values).map(jsonOf))
  }
  return found.size === 0 ? undefined : found
}

/** HCL's JSON may wrap any object in lists. */
function membersOf(value: HclValue): readonly HclMember[] {
  if (value.kind === 'object') return value.members
  if (value.kind === 'list') return value.items.flatMap(membersOf)
  throw refuseAt(value.line, 'expected "{"')
}

const eachOf = (value: HclValue): readonly HclValue[] =>
  value.kind === 'list' ? value.items : [value]

function itemsOf(value: HclValue | undefined): readonly HclValue[] {
  if (value === undefined) return []
  if (value.kind === 'list') return value.items
  throw refuseAt(value.line, 'expected a list')
}

function textOf(value: HclValue): string {
  if (value.kind === 'scalar' && typeof value.value === 'string') return value.value
  throw refuseAt(value.line, 'expected text')
}

function jsonOf(value: HclValue): JsonValue {
  if (value.kind === 'scalar') return value.value
  if (value.kind === 'list') return value.items.map(jsonOf)
  return Object.fromEntries(value.members.map((member) => [member.key, jsonOf(member.value)]))
}

const shown = (text: string): string => JSON.stringify(text.slice(0, 128))
