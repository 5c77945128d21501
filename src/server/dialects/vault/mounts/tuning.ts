import type { JsonObject } from '../../../../core/value.ts'
import { parseSeconds } from '../duration.ts'
import { refuse } from '../errors.ts'
import { boolField, listField, textField } from '../fields.ts'

/**
 * What clients may set of a mount, as it is kept: durations in seconds. What means nothing here
 * (leases, caches, headers) is kept and given back, for tools that compare.
 * @throws VaultRefusal 400
 */
export function tuned(before: JsonObject, given: JsonObject): JsonObject {
  const config: JsonObject = { ...before }
  for (const name of DURATIONS) {
    const value = given[name]
    if (value !== undefined) config[name] = value === SYSTEM_TTL ? 0 : parseSeconds(name, value)
  }
  const { default_lease_ttl: usual = 0, max_lease_ttl: most = 0 } = config
  if (Number(most) > 0 && Number(usual) > Number(most)) {
    throw refuse(400, 'given default lease TTL greater than given max lease TTL')
  }
  for (const [name, known] of Object.entries(TEXTS)) {
    const value = textField(given, name)
    if (value === undefined) continue
    if (!known.includes(value)) throw refuse(400, `invalid value for '${name}'`)
    config[name] = value
  }
  for (const name of LISTS) {
    const value = listField(given, name)
    if (value !== undefined) config[name] = value
  }
  const noCache = boolField(given, 'force_no_cache')
  if (noCache !== undefined) config['force_no_cache'] = noCache
  return config
}

/**
 * What a mount is made with and tools cannot change later: to another answer they destroy the mount, and
 * all that is below it, and make it again. @throws VaultRefusal 400
 */
export const madeWith = (body: JsonObject): string[] =>
  MOUNT_FLAGS.filter((name) => boolField(body, name) === true)

export const MOUNT_FLAGS = ['local', 'seal_wrap', 'external_entropy_access']

/** What an auth method's logins are given where nothing is said. */
export const DEFAULT_TOKEN_TYPE = 'default-service'

/** What command lines send for 0: the server's own. */
const SYSTEM_TTL = 'system'

const DURATIONS = ['default_lease_ttl', 'max_lease_ttl']
const TEXTS = {
  listing_visibility: ['', 'hidden', 'unauth'],
  // Batch tokens are none that this server makes.
  token_type: ['', DEFAULT_TOKEN_TYPE, 'service'],
}
const LISTS = [
  'audit_non_hmac_request_keys',
  'audit_non_hmac_response_keys',
  'passthrough_request_headers',
  'allowed_response_headers',
]
