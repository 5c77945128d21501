import { CofferError } from '../../../core/errors.ts'
import type { ProviderRef } from '../../../core/ports/provider.ts'
import { vaultOrigin } from '../../net/azure-vault.ts'

/** Which secret of which Key Vault. */
export interface SecretKey {
  /** `https://my-vault.vault.azure.net` */
  readonly vaultUrl: string
  readonly name: string
  /** 32 hexadecimal digits; absent: the newest. */
  readonly version?: string | undefined
}

/** Key Vault: names of secrets, and versions. */
const NAME = /^[0-9A-Za-z-]{1,127}$/
const VERSION = /^[0-9a-f]{32}$/i

/**
 * The address of a vault that is given by its name, or by its address in another cloud.
 * @throws CofferError `invalid_config`
 */
export function vaultUrlOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined
  const origin = vaultOrigin(text)
  if (origin !== undefined) return origin
  throw new CofferError('invalid_config', 'The option vault of the provider azure is malformed.', {
    remedy: 'Write it as my-vault or https://my-vault.vault.azure.net.',
  })
}

/**
 * `name`, `name/version`, the address of a secret, or a path: its segments joined by `--`.
 * @throws CofferError `invalid_reference`
 */
export function parseKey(ref: ProviderRef, vaultUrl: string | undefined): SecretKey {
  if (ref.label !== undefined) throw refuse('Key Vault keeps no labels.')
  if (ref.version !== undefined) {
    throw refuse('Versions of Key Vault are 32 hexadecimal digits, and stand in the key.')
  }
  if (/^https?:/i.test(ref.key)) return byAddress(ref.key)
  if (vaultUrl === undefined) {
    throw refuse(
      'It names no Key Vault.',
      'Give the provider azure the option vault, or write the whole address of the secret.',
    )
  }
  const [first = '', second, ...more] = ref.key.split('/')
  if (more.length === 0 && NAME.test(first) && (second === undefined || VERSION.test(second))) {
    return { vaultUrl, name: first, version: second }
  }
  return { vaultUrl, name: byPath(ref.key) }
}

function byAddress(text: string): SecretKey {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const [, room, name = '', version = '', ...more] = url?.pathname.split('/') ?? []
  const bare = url?.search === '' && url.hash === '' && url.username === '' && url.password === ''
  const fits = NAME.test(name) && (version === '' || VERSION.test(version)) && more.length === 0
  if (url?.protocol !== 'https:' || !bare || room !== 'secrets' || !fits) {
    throw refuse(
      'It is no address of a secret.',
      'Write it as https://my-vault.vault.azure.net/secrets/name.',
    )
  }
  return { vaultUrl: url.origin, name, version: version === '' ? undefined : version }
}

/** `/shop/prod/api/db-url`: `--` stands for the slash, so no segment may hold or touch one. */
function byPath(path: string): string {
  const segments = path.replace(/^\//, '').split('/')
  const name = segments.join('--')
  if (!segments.every((segment) => /^[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*$/.test(segment))) {
    throw refuse('A segment holds what a name in Key Vault cannot: letters, digits and single -.')
  }
  if (!NAME.test(name)) throw refuse('As a name in Key Vault it has more than 127 characters.')
  return name
}

const refuse = (why: string, remedy = 'Write it as azure:name or azure:name/VERSION.') =>
  new CofferError('invalid_reference', why, { remedy })
