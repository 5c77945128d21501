import { openAzure, vaultOrigin } from '../net/azure-vault.ts'
import { azurePlace } from './azure/place.ts'
import type { DestinationFactory } from './context.ts'
import { readOptions } from './options.ts'

/**
 * Secrets of an Azure Key Vault, by the official client and with Azure's own chain of credentials.
 * An entry's name is the secret's: letters, digits and `-`.
 */
export const azure: DestinationFactory = async (context) => {
  const options = readOptions('azure', context, ['vault', 'apiVersion'])
  const origin = vaultOrigin(options.needed('vault'))
  if (origin === undefined) {
    throw options.refuse('vault', 'is a name, or in another cloud an https address')
  }
  const about = { env: context.env, apiVersion: options.text('apiVersion'), retriesMax: 2 }
  return azurePlace({ host: new URL(origin).host, client: (await openAzure(about))(origin) })
}
