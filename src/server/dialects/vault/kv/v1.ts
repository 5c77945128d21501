import { isCofferError } from '../../../../core/errors.ts'
import { parseExactly } from '../../../../core/exact-json.ts'
import { valueOfObject } from '../../../../core/object-value.ts'
import type { JsonObject } from '../../../../core/value.ts'
import { parseSeconds } from '../duration.ts'
import { refuse } from '../errors.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'
import { ofCurrent } from './labels-meant.ts'
import { listFolder } from './list.ts'
import { deleteMetadata } from './metadata.ts'
import { requiredPath, secretPath } from './place.ts'
import { valueText } from './read.ts'
import { isGoneError } from './version.ts'

/** What Vault says of how long a value may be kept when the value itself does not. */
const LEASE_SECONDS = 2_764_800

const read: VaultHandler = async (context) => {
  const path = secretPath(context)
  const { coffer } = await context.caller()
  if (path === undefined) return 'absent'
  try {
    const found = await coffer.read({ path })
    if (found === undefined) return 'absent'
    const dataText = valueText(found)
    return { dataText, leaseSeconds: leaseOf(dataText) }
  } catch (error) {
    if (isGoneError(error)) return 'absent'
    throw error
  }
}

const write: VaultHandler = async (context) => {
  const path = requiredPath(context)
  const { body, bodyText, server } = context
  if (Object.keys(body).length === 0) throw refuse(400, 'missing data fields')
  const { coffer } = await context.caller()
  const data = bodyText.trimStart().startsWith('{') ? (parseExactly(bodyText) as JsonObject) : body
  const record = await server.gate.platform().peek(path)
  try {
    await coffer.write(path, valueOfObject(data, record?.type))
  } catch (error) {
    if (isCofferError(error, 'deleted')) throw refuse(400, 'the secret is deleted as a whole')
    throw error
  }
  return undefined
}

/** KV, version 1: the current value only; deleting it leaves nothing. */
export const KV1_ROUTES: readonly VaultRoute[] = [
  {
    path: '*path',
    decidedInside: true,
    alsoGuarded: { list: ofCurrent },
    on: { read, update: write, delete: deleteMetadata, list: listFolder },
  },
]

/** A member `ttl` or `lease` of the value, where it is a duration. */
function leaseOf(dataText: string): number {
  if (!/"(?:ttl|lease)"/.test(dataText)) return LEASE_SECONDS
  const { ttl, lease } = JSON.parse(dataText) as JsonObject
  try {
    return parseSeconds('ttl', ttl ?? lease ?? LEASE_SECONDS)
  } catch {
    // Not a duration: it is the value's own business what it means.
    return LEASE_SECONDS
  }
}
