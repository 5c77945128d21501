import type { Provider } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { openedLater } from './opened.ts'

/**
 * Secrets of Azure Key Vault, by the official client; who asks is what its own chain of credentials
 * finds. Options: `vault`, a name (`my-vault`) or an address (`https://my-vault.vault.azure.cn`). For
 * Azure Stack Hub and test doubles: `apiVersion` (`7.4`), and the variable COFFER_AZURE_ANY_CHALLENGE,
 * which gives a token for whatever resource the place names and so is never an option.
 *
 * Keys: `name`, `name/VERSION` (32 hexadecimal digits), `https://HOST/secrets/name[/VERSION]`, and
 * paths: `/shop/prod/api/db-url` is the secret `shop--prod--api--db-url`. Its `nbf` and `exp` are
 * information and refuse nothing, as in Key Vault. Needs `get`, and nothing else.
 */
export function azure(context: ProviderContext): Provider {
  checkOptions('azure', context.options, ['vault', 'apiVersion', ...GUARD_OPTIONS])
  const about = { kind: 'azure', title: 'Azure Key Vault', login: '`az login`', batchMax: 1 }
  const open = async () => (await import('./azure/service.ts')).openAzure(context)
  return guarded(openedLater(about, open), context)
}
