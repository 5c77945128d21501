import { openAzureVault } from './azure/vault.ts'
import { azurePlace } from './azure/place.ts'
import type { DestinationFactory } from './context.ts'
import { readOptions } from './options.ts'

/**
 * Secrets of an Azure Key Vault, by the official client and with Azure's own chain of credentials.
 * An entry's name is the secret's: letters, digits and `-`.
 */
export const azure: DestinationFactory = async (context) => {
  const options = readOptions('azure', context, ['vault', 'apiVersion'])
  return azurePlace(
    await openAzureVault({
      vault: options.needed('vault'),
      apiVersion: options.text('apiVersion'),
      anyChallenge: context.env['COFFER_AZURE_ANY_CHALLENGE'] === 'true',
    }),
  )
}
