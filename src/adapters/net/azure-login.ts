import type { AzureRow } from './azure-fault.ts'

/** Whether it is about who asks: what the credential chain of Azure throws. */
export const isLogin = (error: unknown): error is Error =>
  error instanceof Error && IDENTITY.test(error.name)

/** What kept the chain from a token; of its text, the codes alone. */
export function byLogin({ message }: Error): AzureRow {
  const [, number = ''] = REFUSED.exec(message) ?? []
  if (Object.hasOwn(LOGINS, number)) return LOGINS[number]!
  return NO_SERVICE.test(message) ? UNREACHED : LOGIN
}

/** Azure's own code of a refused login, `AADSTS7000215`: it says more than the status. */
export const refusedLogin = (error: unknown): string | undefined =>
  isLogin(error) ? REFUSED.exec(error.message)?.[0] : undefined

export const LOGIN: AzureRow = [
  'unauthenticated',
  'There is no good Azure login for HOST',
  'Run `az login`, or give AZURE_TENANT_ID, AZURE_CLIENT_ID and a secret, certificate or federated token; `az account show` tells who you are.',
]
const UNREACHED: AzureRow = [
  'unavailable',
  'The login service of Azure cannot be reached, to log in for HOST',
  'Check the network, and AZURE_AUTHORITY_HOST if it is set.',
]
const SECRET_WRONG: AzureRow = [
  'unauthenticated',
  'Azure does not accept the client secret, for HOST',
  'Correct AZURE_CLIENT_SECRET: it is the value of a secret of the application, not its id.',
]
const SECRET_EXPIRED: AzureRow = [
  'unauthenticated',
  'The client secret of the Azure application has expired, for HOST',
  'Make another with `az ad app credential reset`, and set AZURE_CLIENT_SECRET.',
]
const TENANT: AzureRow = [
  'unauthenticated',
  'Azure does not know the tenant, for HOST',
  'Correct AZURE_TENANT_ID; `az account show` tells the tenant of a login.',
]
const APPLICATION: AzureRow = [
  'unauthenticated',
  'Azure does not know the application in this tenant, for HOST',
  'Correct AZURE_CLIENT_ID and AZURE_TENANT_ID.',
]
const ASSERTION: AzureRow = [
  'unauthenticated',
  'The federated token has expired or is for something else, for HOST',
  'Have AZURE_FEDERATED_TOKEN_FILE renewed, and compare its subject and audience with the federated credential.',
]
const ENDED: AzureRow = [
  'unauthenticated',
  'The Azure login has ended, for HOST',
  'Log in again: `az login`.',
]

/** By the number in Azure's own code of a refused login: `AADSTS7000215`. */
const LOGINS: Readonly<Record<string, AzureRow>> = {
  7000215: SECRET_WRONG,
  7000222: SECRET_EXPIRED,
  90002: TENANT,
  900023: TENANT,
  700016: APPLICATION,
  700021: ASSERTION,
  700024: ASSERTION,
  70021: ASSERTION,
  700211: ASSERTION,
  700213: ASSERTION,
  50076: ENDED,
  50079: ENDED,
  50078: ENDED,
  50173: ENDED,
  70043: ENDED,
  70044: ENDED,
  700082: ENDED,
  700084: ENDED,
}

const IDENTITY = /Credential|Authentication/
const REFUSED = /\bAADSTS(\d{4,8})\b/
const NO_SERVICE =
  /\b(?:endpoints_resolution_error|network_error|no_network_connectivity|openid_config_error)\b/
