import { isCofferError } from '../../../../core/errors.ts'
import { loggingIn } from '../../../caller.ts'
import { boolField, textField } from '../fields.ts'
import { refuse } from '../errors.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'
import { operatorOf } from './operator.ts'
import { health } from './health.ts'
import { sealStatus } from './status.ts'

const readStatus: VaultHandler = ({ server }) => ({
  raw: sealStatus(server, server.gate.status()),
})

/** One share, or `reset` to begin again. */
const unseal: VaultHandler = async ({ server, request, body }) => {
  const { gate } = server
  const from = { address: request.ip, via: 'vault', request: request.id }
  if (boolField(body, 'reset') === true) {
    if (!gate.status().sealed) throw refuse(400, 'vault is unsealed')
    return { raw: sealStatus(server, await gate.reset(from)) }
  }
  const key = textField(body, 'key') ?? ''
  if (key === '') {
    throw refuse(400, "'key' must be specified in request body as JSON, or 'reset' set to true")
  }
  try {
    const submit = () => gate.submit(key, from)
    const status = await loggingIn(server, request, 'vault', 'unseal', submit)
    return { raw: sealStatus(server, status) }
  } catch (error) {
    if (isCofferError(error, 'wrong_key')) throw refuse(400, error.message)
    throw error
  }
}

const seal: VaultHandler = async (context) => {
  await context.server.gate.seal(await operatorOf(context))
  return undefined
}

const readInit: VaultHandler = ({ server }) => ({
  raw: { initialized: server.gate.status().initialized },
})

const init: VaultHandler = () => {
  throw refuse(400, 'Vault is already initialized')
}

/** There is one server, or several that are alike: none leads. */
const leader: VaultHandler = () => ({
  raw: {
    ha_enabled: false,
    is_self: false,
    active_time: '0001-01-01T00:00:00Z',
    leader_address: '',
    leader_cluster_address: '',
    performance_standby: false,
    performance_standby_last_remote_wal: 0,
  },
})

/** What a server says and takes while its store is closed. */
export const SEAL_ROUTES: readonly VaultRoute[] = [
  { path: 'health', open: true, on: { read: health } },
  { path: 'seal-status', open: true, on: { read: readStatus } },
  { path: 'unseal', open: true, on: { update: unseal } },
  { path: 'init', open: true, on: { read: readInit, update: init } },
  { path: 'leader', open: true, on: { read: leader } },
  { path: 'seal', on: { update: seal } },
]
