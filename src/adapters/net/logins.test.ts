import {
  AggregateAuthenticationError,
  AuthenticationError,
  CredentialUnavailableError,
} from '@azure/identity'
import { expect, test } from 'vitest'
import { awsFault } from './aws-fault.ts'
import { azureFault } from './azure-fault.ts'

/** Errors as the official clients make them; the texts are theirs. */
const CANARY = 'canary-3b1e-of-a-vendor'

const azure = (text: string) =>
  new AuthenticationError(401, { error: 'invalid_client', error_description: `${text} ${CANARY}` })
const unavailable = new CredentialUnavailableError(
  `EnvironmentCredential is unavailable. ${CANARY}`,
)

test.each([
  ['AADSTS7000215: Invalid client secret provided.', 'AZURE_CLIENT_SECRET', 'AADSTS7000215'],
  ['AADSTS7000222: The provided client secret keys are expired.', 'credential reset'],
  ['AADSTS90002: Tenant not found.', 'AZURE_TENANT_ID'],
  ['AADSTS700016: Application was not found.', 'AZURE_CLIENT_ID'],
  ['AADSTS700024: Client assertion is not within its valid time range.', 'AZURE_FEDERATED_TOKEN'],
  ['AADSTS700082: The refresh token has expired due to inactivity.', 'Log in again: `az login`'],
  ['AADSTS50076: you must use multi-factor authentication.', 'Log in again: `az login`'],
  ['AADSTS999999: Something new.', 'az login', 'AADSTS999999'],
])('a login that Azure refuses says what to mend: %s', (text, remedy, shown = '') => {
  const chained = new AggregateAuthenticationError([unavailable, azure(text)], text)
  for (const error of [azure(text), chained]) {
    const fault = azureFault(error, 'v.vault.azure.net', { rights: '' })
    expect(fault).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining(shown),
      remedy: expect.stringContaining(remedy),
    })
    expect(fault.message).toContain('v.vault.azure.net')
    expect(JSON.stringify(fault)).not.toContain(CANARY)
  }
})

test('a login service of Azure that cannot be reached is no bad credential', () => {
  const error = azure('endpoints_resolution_error: See https://aka.ms/msal.js.errors')
  const fault = azureFault(error, 'v.vault.azure.net', { rights: '' })
  expect(fault).toMatchObject({ code: 'unavailable', details: { status: 401 } })
  expect(azureFault(unavailable, 'v.vault.azure.net', { rights: '' }).code).toBe('unauthenticated')
})

const aws = (name: string, message: string, more: object = {}) =>
  Object.assign(new Error(`${message} ${CANARY}`), { name, ...more })

test.each([
  [
    'The SSO session associated with this profile has expired. To refresh this SSO session run aws sso login with the corresponding profile.',
    'aws sso login --profile dev`',
  ],
  [
    "Token is expired. To refresh this SSO session run 'aws sso login' with the corresponding profile.",
    'aws sso login --profile dev`',
  ],
  ['Could not load credentials from any providers', 'aws configure list'],
])('a login of AWS that has ended says how to log in: %s', (text, remedy) => {
  for (const name of ['CredentialsProviderError', 'TokenProviderError']) {
    const fault = awsFault(aws(name, text), { profile: 'dev' })
    expect(fault).toMatchObject({
      code: 'unauthenticated',
      message: expect.stringContaining('for the profile "dev".'),
      remedy: expect.stringContaining(remedy),
    })
    expect(JSON.stringify(fault)).not.toContain(CANARY)
    const other = awsFault(aws(name, text), { profile: 'a b; rm' })
    expect(other.remedy).not.toContain('rm')
  }
})

test('a file of a credential, and a connection that was cut, are told from an unknown answer', () => {
  const file = awsFault(aws('Error', 'open', { code: 'ENOENT' }), {})
  expect([file.code, file.message]).toEqual([
    'unauthenticated',
    'A file with an AWS credential cannot be read (ENOENT).',
  ])
  const cut = awsFault(aws('Error', 'socket hang up', { code: 'ECONNRESET' }), { region: 'r' })
  expect([cut.code, cut.message]).toEqual([
    'unavailable',
    'The connection to secretsmanager.r.amazonaws.com was cut (ECONNRESET).',
  ])
})
