import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { refusal } from '../../testing/refusal.ts'
import { locate, parseReference, showReference } from '../reference.ts'

const at = (input: unknown) => locate(parseReference(input), 'shop/prod')
const ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop/prod/db-AbCdEf'
const URI = 'https://my-vault.vault.azure.net/secrets/db-password'
const VERSION = '0123456789abcdef0123456789abcdef'

/** As in docs/references.md: what people have, and what is asked for. */
const TAKEN: [written: unknown, ref: object][] = [
  [ARN, { provider: 'aws', key: ARN }],
  [`${ARN}:password::`, { provider: 'aws', key: ARN, field: 'password' }],
  [`${ARN}:a.b/c~d::`, { provider: 'aws', key: ARN, field: '/a.b~1c~0d' }],
  [`${ARN}::AWSPREVIOUS:`, { provider: 'aws', key: ARN, label: 'AWSPREVIOUS' }],
  [
    `${ARN}:password::${VERSION}`,
    { provider: 'aws', key: ARN, field: 'password', label: `id:${VERSION}` },
  ],
  ['aws:/shop/prod/db#password', { provider: 'aws', key: '/shop/prod/db', field: 'password' }],
  [`aws:${ARN}`, { provider: 'aws', key: ARN }],
  ['vault:secret/shop/db', { provider: 'vault', key: 'secret/shop/db' }],
  [
    'vault:secret/data/shop/db#password',
    { provider: 'vault', key: 'secret/data/shop/db', field: 'password' },
  ],
  [
    'vault:secret/data/db#password#3',
    { provider: 'vault', key: 'secret/data/db', field: 'password', version: 3 },
  ],
  [`@Microsoft.KeyVault(SecretUri=${URI})`, { provider: 'azure', key: URI }],
  [`@Microsoft.KeyVault(SecretUri=${URI}/)`, { provider: 'azure', key: URI }],
  [
    `@Microsoft.KeyVault(SecretUri=${URI}/${VERSION})`,
    { provider: 'azure', key: `${URI}/${VERSION}` },
  ],
  [
    '@Microsoft.KeyVault(VaultName=my-vault;SecretName=db-password)',
    { provider: 'azure', key: URI },
  ],
  [
    `@microsoft.keyvault(vaultname=my-vault; secretname=db-password; secretversion=${VERSION})`,
    { provider: 'azure', key: `${URI}/${VERSION}` },
  ],
  [URI, { provider: 'azure', key: URI }],
  [
    { secretKeyRef: { name: 'db', key: 'password' } },
    { provider: 'kubernetes', key: '/db/password' },
  ],
  [
    { secretKeyRef: { name: 'tls', key: 'tls.crt' } },
    { provider: 'kubernetes', key: '/tls/tls.crt' },
  ],
  [
    {
      valueFrom: {
        secretKeyRef: { name: 'db', key: 'password', namespace: 'shop', optional: false },
      },
    },
    { provider: 'kubernetes', key: 'shop/db/password' },
  ],
  ['ref+awssecrets://shop/db', { provider: 'aws', key: 'shop/db' }],
  [
    'ref+awssecrets://shop/db?version_stage=AWSPREVIOUS#/password',
    { provider: 'aws', key: 'shop/db', label: 'AWSPREVIOUS', field: '/password' },
  ],
  [
    `ref+awssecrets://shop/db?version_id=${VERSION}`,
    { provider: 'aws', key: 'shop/db', label: `id:${VERSION}` },
  ],
  ['secretref+awssecrets://shop/db#/a+', { provider: 'aws', key: 'shop/db', field: '/a' }],
  [
    'ref+vault://secret/shop/db#/password',
    { provider: 'vault', key: 'secret/shop/db', field: '/password' },
  ],
  ['ref+azurekeyvault://my-vault/db-password', { provider: 'azure', key: URI }],
  [
    `ref+azurekeyvault://my-vault.vault.azure.cn/a/${VERSION}`,
    { provider: 'azure', key: `https://my-vault.vault.azure.cn/secrets/a/${VERSION}` },
  ],
  ['ref+k8s://v1/Secret/shop/db/password', { provider: 'kubernetes', key: 'shop/db/password' }],
  [
    'ref+sops://config/prod.enc.yaml#/db/password',
    { provider: 'sops', key: 'config/prod.enc.yaml', field: '/db/password' },
  ],
  [
    'sops:config/prod.enc.yaml#db.password',
    { provider: 'sops', key: 'config/prod.enc.yaml', field: 'db.password' },
  ],
  ['ref+envsubst://$DB_PASSWORD', { provider: 'env', key: 'DB_PASSWORD' }],
  // As before: there a # is a part of the key.
  ['env:A#B', { provider: 'env', key: 'A#B' }],
  ['file:tls#1/key.pem', { provider: 'file', key: 'tls#1/key.pem' }],
  ['a#b', { provider: 'coffer', key: 'shop/prod/a#b' }],
]

test.each(TAKEN)('%j is taken', (written, ref) => {
  expect(at(written)).toEqual(ref)
})

const REFUSED: [written: unknown, says: string][] = [
  ['arn:aws:ssm:eu-west-1:123456789012:parameter/a', 'Of ARNs those of secrets are taken'],
  [`${ARN}:a:b:c:d`, 'Of ARNs'],
  [`${ARN}::AWSCURRENT:${VERSION}`, 'a stage or a version id'],
  ['arn:', 'Of ARNs'],
  ['@Microsoft.KeyVault(SecretUri=http://x/secrets/a)', 'https://VAULT.vault.azure.net'],
  ['@Microsoft.KeyVault(SecretUri=https://evil.example/secrets/a)', 'https://VAULT'],
  ['@Microsoft.KeyVault(VaultName=v)', '@Microsoft.KeyVault(VaultName=VAULT'],
  ['@Microsoft.KeyVault(VaultName=v;SecretName=n;Extra=1)', 'It is written'],
  ['@Microsoft.KeyVault(VaultName=v;SecretName=a/b)', 'letters, digits and -'],
  ['@Microsoft.KeyVault', 'It is written'],
  [{ secretKeyRef: { name: 'db' } }, 'a name and a key'],
  [{ secretKeyRef: null }, 'a name and a key'],
  [{ secretKeyRef: { name: 'db', key: 'a', path: 'x' } }, 'name, key and namespace only'],
  [{ secretKeyRef: { name: '../db', key: 'a/b' } }, 'a name and a key'],
  [{ secretKeyRef: { name: 'db', key: 'a', optional: true } }, 'optional'],
  [{ valueFrom: { configMapKeyRef: { name: 'a', key: 'b' } } }, 'Of valueFrom a secretKeyRef'],
  ['ref+awsssm://a', 'Of references ref+…://'],
  ['ref+constructor://a', 'Of references ref+…://'],
  ['ref+awssecrets://a?region=eu-west-1', 'stands with the provider'],
  ['ref+vault://a?address=https://x#/k', 'stands with the provider'],
  ['ref+k8s://v1/ConfigMap/ns/name/key', 'ref+k8s://v1/Secret/NAMESPACE'],
  ['ref+envsubst://$A-$B', 'one variable'],
  ['ref+vault', 'Of references ref+…://'],
  ['vault:a#', 'provider:path#field'],
  ['vault:#a', 'provider:path#field'],
  ['vault:a#b#0', 'whole number'],
  ['vault:a#b#1#2', 'provider:path#field'],
  ['vault:secret/data/db#${.PASSWORD}', 'A template'],
  ['op://vault/item/field', 'its own program can be one'],
  ['bw://item', 'its own program can be one'],
  ['constructor://item', 'References constructor:// are not known'],
  ['${DB_PASSWORD}', 'not expanded'],
]

test.each(REFUSED)('%j is refused, and it is said why', (written, says) => {
  const error = refusal(() => at(written))
  expect(error.code).toBe('invalid_reference')
  expect(error.message).toContain(says)
})

test('who uses another tool is told how its program becomes a provider', () => {
  expect(refusal(() => at('op://vault/item/field')).remedy).toContain(
    '{ op: { kind: command, command: "op read op://{key}" } }',
  )
  expect(refusal(() => at('${DB_PASSWORD}')).remedy).toBe('Write env:DB_PASSWORD.')
})

test('in print it is what is asked for', () => {
  expect(showReference(at('vault:secret/db#password'))).toBe('vault:secret/db .password')
  expect(parseReference({ secretKeyRef: { name: 'db', key: 'k' } }).written).toBe(
    'secretKeyRef db/k',
  )
})

test('docs/references.md shows every form, with what is asked for', () => {
  const page = readFileSync(new URL('../../../docs/references.md', import.meta.url), 'utf8')
  const rows = [...page.matchAll(/^\| `([^`]+)` +\| `([^`]+)` +\|$/gm)]
  expect(rows.length).toBeGreaterThan(15)
  for (const [, written = '', shown] of rows) {
    const input: unknown = written.startsWith('{') ? flow(written) : written
    expect(showReference(at(input)), written).toBe(shown)
  }
})

/** `{ a: { b: c } }` */
const flow = (text: string): unknown => JSON.parse(text.replaceAll(/([\w-]+)/g, '"$1"'))
