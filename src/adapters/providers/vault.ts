import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { address, authority, checkConsent } from './consent.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { openedLater } from './opened.ts'

const OPTIONS = [
  'address',
  'allowHttp',
  'auth',
  'authMount',
  'caFile',
  'field',
  'jwtFile',
  'mount',
  'namespace',
  'role',
  'roleId',
  'secretIdFile',
  'tokenFile',
  ...GUARD_OPTIONS,
] as const

/**
 * Secrets of HashiCorp Vault or OpenBao: the KV engine, versions 1 and 2, which of them is asked as
 * their own command line does. There is no official client for Node: this speaks HTTP.
 *
 * A key is `mount/path`, `mount/data/path` (as the API writes it) or, with the option `mount`, a path
 * there. The value is the secret's JSON object; with the option `field` that member of it.
 * `version` is one of KV version 2. The environment is theirs: `VAULT_ADDR`, `VAULT_TOKEN`,
 * `VAULT_NAMESPACE`, `VAULT_CACERT`, `VAULT_CLIENT_TIMEOUT`, or the same with `BAO_`; see
 * docs/providers.md for logins.
 */
export function vault(context: ProviderContext): Provider {
  checkOptions('vault', context.options, OPTIONS)
  const { env, options } = context
  checkConsent(context, address(options['address'], env['BAO_ADDR'] || env['VAULT_ADDR']))
  checkConsent(context, authority(options['caFile'], env['BAO_CACERT'] || env['VAULT_CACERT']))
  const timeoutMs = timeoutOf(env['BAO_CLIENT_TIMEOUT'] ?? env['VAULT_CLIENT_TIMEOUT'])
  const about = { kind: 'vault', title: 'Vault', login: '`vault login`', batchMax: 1, timeoutMs }
  const open = async () => (await import('./vault/service.ts')).openVault(context, timeoutMs)
  return guarded(openedLater(about, open), context)
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, '': 1_000 }

/** Go's notation, or seconds. */
function timeoutOf(text: string | undefined): number {
  if (text === undefined || text === '') return LIMITS.providerCallTimeoutMs
  const [, digits, unit = ''] = /^(\d{1,6})(ms|s|m)?$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? Number.NaN)
  if (ms >= 1 && ms <= LIMITS.clientTimeoutMs) return ms
  throw new CofferError('invalid_config', 'VAULT_CLIENT_TIMEOUT is no time that is waited for.', {
    remedy: `Write it as 500ms, 5s or 5, at most ${LIMITS.clientTimeoutMs / 1_000}s.`,
  })
}
