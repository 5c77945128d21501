import { expect, test } from 'vitest'
import { textSecret } from '../../../core/secret.ts'
import { holdsPassword } from './credentials.ts'
import { looksRandom } from './entropy.ts'
import { isSensitiveName, looksSecret } from './key-names.ts'
import { knownValuesOf } from './known-values.ts'
import { isPlaceholder } from './placeholder.ts'
import { findToken, TOKEN_FORMATS } from './token-formats.ts'

// Put together here, so that no scanner takes this file for a leak.
const r = (text: string, length: number) => text.repeat(length).slice(0, length)
const ALNUM = 'a1B2c3D4e5F6g7H8i9J0'
const EXAMPLES: Readonly<Record<string, string>> = {
  'a private key': ['-----BEGIN RSA', 'PRIVATE KEY-----'].join(' '),
  'an age identity': `AGE-SECRET-KEY-1${r('QPZRY9X8GF2TVDW0', 58)}`,
  'a Coffer token': `coffer_${r(ALNUM, 49)}`,
  'a Vault token': `hvs.${r(ALNUM, 24)}`,
  'an AWS access key': `AKIA${r('IOSFODNN7ABCDEFG', 16)}`,
  'a GitHub token': `ghp_${r(ALNUM, 36)}`,
  'a GitLab token': `glpat-${r(ALNUM, 20)}`,
  'a Stripe key': `sk_live_${r(ALNUM, 24)}`,
  'a Slack token': `xoxb-${r('1234567890', 12)}-${r(ALNUM, 24)}`,
  'a Slack webhook': `https://hooks.slack.com/services/T0/B0/${r(ALNUM, 24)}`,
  'a Google API key': `AIza${r(ALNUM, 35)}`,
  'a SendGrid key': `SG.${r(ALNUM, 22)}.${r(ALNUM, 43)}`,
  'an npm token': `npm_${r(ALNUM, 36)}`,
  'a PyPI token': `pypi-AgEI${r(ALNUM, 60)}`,
  'an OpenAI or Anthropic key': `sk-ant-${r(ALNUM, 40)}`,
  'a DigitalOcean token': `dop_v1_${r('0123456789abcdef', 64)}`,
  'a Shopify token': `shpat_${r('0123456789abcdef', 32)}`,
  'a Twilio key': `SK${r('0123456789abcdef', 32)}`,
  'a PostHog key': `phx_${r(ALNUM, 40)}`,
  'a Hugging Face token': `hf_${r('aBcDeFgHiJ', 34)}`,
  'a Doppler token': `dp.st.${r(ALNUM, 43)}`,
  'an Azure key': `DefaultEndpointsProtocol=https;AccountKey=${r(ALNUM, 86)}==`,
  'a signed token (JWT)': `eyJ${r(ALNUM, 20)}.eyJ${r(ALNUM, 40)}.${r(ALNUM, 43)}`,
}

test.each(TOKEN_FORMATS.map(({ what }) => what))('%s is told by its looks', (what) => {
  expect(findToken(`value: "${EXAMPLES[what]}" # x`)?.what).toBe(what)
})

test('no example is taken for another kind, and each kind has one', () => {
  expect(Object.keys(EXAMPLES).toSorted()).toEqual(TOKEN_FORMATS.map(({ what }) => what).toSorted())
})

test.each([
  'sk-learn-pipeline-configuration-of-the-project',
  'ghp_short',
  'https://example.com/services/T0/B0',
  'pk_live_PublishableKeysArePublic',
  'AKIA',
  '-----BEGIN PUBLIC KEY-----',
  'a-perfectly-ordinary-name-of-a-thing',
  'service_token_rotation_interval',
])('%s is no token', (text) => expect(findToken(text)).toBeUndefined())

test('patterns take time that is linear in the text', () => {
  const start = performance.now()
  for (const unit of ['a', 'eyJ', '-----BEGIN ', 'SG.a', 'https://a:', ';password=', 'SK0']) {
    const text = unit.repeat(200_000 / unit.length)
    findToken(text)
    holdsPassword(`://${text}`)
    isPlaceholder(text)
    looksRandom('x', text.slice(0, 4_096))
  }
  expect(performance.now() - start).toBeLessThan(2_000)
})

test.each([
  ['postgres://app:hunter2@db/x', true],
  ['redis://:hunter2@cache:6379', true],
  ['Server=db;User Id=app;Password=hunter2;', true],
  ['postgres://app@db/x', false],
  ['postgres://app:${PASSWORD}@db/x', false],
  ['postgres://app:<password>@db/x', false],
  ['https://example.com:8080/a@b', false],
  ['http://localhost:3000', false],
  ['Server=db;Password=${PASSWORD}', false],
])('%s holds a password: %s', (text, expected) => expect(holdsPassword(text)).toBe(expected))

test.each([
  ['password', 'hunter2', true],
  ['dbPassword', 'changeme', true],
  ['STRIPE_API_KEY', 'abc-123-def', true],
  ['client_secret', 'Zm9vYmFy', true],
  ['connectionString', 'AccountEndpoint=x', true],
  ['password', '${DB_PASSWORD}', false],
  ['password', 'env:DB_PASSWORD', false],
  ['credentials', 'include', false],
  ['csrfToken', 'header', false],
  ['tokenTtlSeconds', '3600000', false],
  ['passwordMinLength', '12345678', false],
  ['secretName', 'my-secret-1', false],
  ['publicKey', 'ssh-ed25519 AAAA1', false],
  ['monkey', 'banana-12', false],
  ['sortKey', 'created_at_1', false],
])('%s: %s is sensitive: %s', (key, value, expected) => {
  expect(isSensitiveName(key) && looksSecret(key, value, true)).toBe(expected)
})

test.each([
  ['salt', 'kJ8s0QmZx3Lw9Tf2Rb7VpY1c', true],
  ['salt', '9f86d081884c7d659a2feaa0c55ad015', true],
  ['sha256', '9f86d081884c7d659a2feaa0c55ad015', false],
  ['projectId', 'prj_kJ8s0QmZx3Lw9Tf2Rb7VpY1c', false],
  ['request', '123e4567-e89b-12d3-a456-426614174000', false],
  ['name', 'a-perfectly-ordinary-name-of-a-thing', false],
  ['class', 'SomeVeryLongClassNameOfAnApplication', false],
  ['zeros', '00000000000000000000000000000000', false],
])('%s: %s looks random: %s', (key, value, expected) =>
  expect(looksRandom(key, value)).toBe(expected),
)

test('a value that is stored is known again, whole or inside another text, and common words never', () => {
  const values = [
    'hunter2!x',
    'a-Long-Value-9',
    'production',
    'true',
    'http://localhost:3000',
    '12345678',
  ]
  const known = knownValuesOf(
    values.map((value, i) => ({ path: `p/${i}`, secret: textSecret('x', value) })),
  )
  expect(known.whoseValue(' hunter2!x\n')).toBe('p/0')
  expect(known.whoseValueIn('https://u:a-Long-Value-9@h')).toBe('p/1')
  expect(known.whoseValueIn('x hunter2!x x')).toBeUndefined()
  for (const common of values.slice(2)) expect(known.whoseValue(common)).toBeUndefined()
})
