import { intField, textField } from '../fields.ts'
import { refuse } from '../errors.ts'
import { instantText } from '../kv/version.ts'
import type { VaultHandler, VaultRoute } from '../route.ts'
import { operatorOf } from './operator.ts'
import { shownVersion } from './status.ts'

const keyStatus: VaultHandler = async ({ server }) => {
  const { activeTerm, terms } = await server.gate.platform().keys.status()
  const active = terms.find(({ term }) => term === activeTerm)
  return {
    data: {
      term: activeTerm,
      install_time: instantText(active?.createdAt),
      encryptions: active?.versions ?? 0,
    },
    injected: true,
  }
}

const rotate: VaultHandler = async (context) => {
  await context.server.gate.platform().keys.rotate(await operatorOf(context))
  return undefined
}

const RANDOM_BYTES_DEFAULT = 32
const RANDOM_BYTES_MAX = 131_072

const random: VaultHandler = ({ server, body, params }) => {
  const wanted = intField({ bytes: params['bytes'] ?? body['bytes'] }, 'bytes')
  const bytes = wanted ?? RANDOM_BYTES_DEFAULT
  if (bytes < 1 || bytes > RANDOM_BYTES_MAX) {
    throw refuse(400, `"bytes" should be between 1 and ${RANDOM_BYTES_MAX}`)
  }
  const format = textField(body, 'format') ?? 'base64'
  if (format !== 'base64' && format !== 'hex') {
    throw refuse(400, 'unsupported encoding format; must be "hex" or "base64"')
  }
  return { data: { random_bytes: Buffer.from(server.random(bytes)).toString(format) } }
}

const versionHistory: VaultHandler = ({ server }) => {
  const version = shownVersion(server)
  const info = { build_date: '', previous_version: null, timestamp_installed: '' }
  return { data: { keys: [version], key_info: { [version]: info } } }
}

/** The store's keys, and random bytes for who has none. */
export const KEY_ROUTES: readonly VaultRoute[] = [
  { path: 'key-status', on: { read: keyStatus } },
  { path: 'rotate', on: { update: rotate } },
  { path: 'rotate/keyring', on: { update: rotate } },
  { path: 'tools/random', on: { update: random } },
  { path: 'tools/random/:bytes', on: { update: random } },
  { path: 'tools/random/platform/:bytes', on: { update: random } },
  { path: 'version-history', on: { list: versionHistory } },
]
