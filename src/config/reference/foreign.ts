import { CofferError } from '../../core/errors.ts'
import type { ProviderRef } from '../../core/ports/provider.ts'

/** Whether a text is, or looks like, a reference in the words of another tool. */
export const isForeign = (text: string): boolean => FOREIGN.test(text)

/**
 * A reference as other tools write it: an ARN (also as ECS takes it, with JSON key, stage and version
 * id), App Service's `@Microsoft.KeyVault(…)`, the URI of a Key Vault secret, vals' `ref+…://`.
 * @throws CofferError `invalid_reference`, which says what to write instead
 */
export function readForeign(text: string): ProviderRef {
  const form = FORMS.find(({ pattern }) => pattern.test(text))
  return form === undefined ? refuseScheme(text) : form.read(text)
}

/**
 * `secretKeyRef` of a container in Kubernetes: `{ name, key }`, with a `namespace` where it is not
 * the provider's own. @throws CofferError `invalid_reference`
 */
export function readSecretKeyRef(input: unknown): ProviderRef {
  if (typeof input !== 'object' || input === null) {
    throw refuse('A secretKeyRef has a name and a key.')
  }
  const { name, key, namespace, optional = false, ...rest } = input as Record<string, unknown>
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw refuse('A secretKeyRef has name, key and namespace only.')
  if (!isName(name) || !isName(key) || (namespace !== undefined && !isName(namespace))) {
    throw refuse('A secretKeyRef has a name and a key, of letters, digits and . _ -')
  }
  if (optional !== false) {
    throw refuse('A secretKeyRef says nothing of being optional here: the secret itself does.')
  }
  // A data key of its own, not a field of the whole Secret: it may be bytes, or not be there.
  return { provider: 'kubernetes', key: `${namespace ?? ''}/${name}/${key}` }
}

/**
 * `path#field`, `path#field#3` for a version: what follows the colon of `vault:` and of every
 * provider over a network.
 * @throws CofferError `invalid_reference`
 */
export function splitField(key: string): Pick<ProviderRef, 'key' | 'field' | 'version'> {
  const [path = '', field, version, ...more] = key.split('#')
  if (field === undefined) return { key }
  if (path === '' || field === '' || more.length > 0) {
    throw refuse('With # it is written provider:path#field, or provider:path#field#version.')
  }
  if (field.includes('${')) throw refuse('A template is no field: write provider:path#field.')
  if (version !== undefined && !/^[1-9]\d{0,8}$/.test(version)) {
    throw refuse('A version is a whole number from 1.')
  }
  return { key: path, field, ...(version === undefined ? {} : { version: Number(version) }) }
}

interface Form {
  readonly pattern: RegExp
  readonly read: (text: string) => ProviderRef
}

const FOREIGN = /^(?:arn:|@Microsoft\.|\$\{.*\}$|(?:secret)?ref\+|[a-z][a-z0-9+.-]*:\/\/)/i
const KEY_VAULT = /^https:\/\/[a-z0-9-]{3,24}\.vault\.[a-z.]{1,64}\/secrets\/[A-Za-z0-9-]{1,127}/

const FORMS: readonly Form[] = [
  { pattern: /^arn:/i, read: readArn },
  { pattern: /^@Microsoft\./i, read: readAppService },
  { pattern: /^(?:secret)?ref\+/i, read: readVals },
  { pattern: KEY_VAULT, read: readKeyVault },
  {
    pattern: /^\$\{/,
    read: (text) => {
      throw refuse('Variables are not expanded in references.', `Write env:${text.slice(2, -1)}.`)
    },
  },
]

/** ECS: `ARN:json-key:version-stage:version-id`, each of the three possibly empty. */
function readArn(text: string): ProviderRef {
  const parts = text.split(':')
  const [jsonKey = '', stage = '', versionId = '', ...more] = parts.slice(7)
  const isSecret = parts[2] === 'secretsmanager' && parts[5] === 'secret' && parts[6] !== ''
  if (!isSecret || more.length > 0) {
    throw refuse(
      'Of ARNs those of secrets are taken: arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-SUFFIX, with :JSON-KEY:STAGE:VERSION-ID or without.',
    )
  }
  if (stage !== '' && versionId !== '') throw refuse('An ARN names a stage or a version id.')
  const label = versionId === '' ? stage : `id:${versionId}`
  return {
    provider: 'aws',
    key: parts.slice(0, 7).join(':'),
    ...(label === '' ? {} : { label }),
    ...(jsonKey === '' ? {} : { field: pointer(jsonKey) }),
  }
}

function readAppService(text: string): ProviderRef {
  const inner = /^@Microsoft\.KeyVault\(([^()]*)\)$/i.exec(text)?.[1]
  const pairs = inner?.split(';').map((pair) => /^\s*([A-Za-z]+)=(.*?)\s*$/.exec(pair)) ?? [null]
  const given = new Map(pairs.map((pair) => [pair?.[1]?.toLowerCase() ?? '', pair?.[2] ?? '']))
  const uri = given.get('secreturi')
  if (uri !== undefined && given.size === 1) return readKeyVault(uri)
  const names = ['vaultname', 'secretname', 'secretversion']
  const [vault = '', secret = '', version = ''] = names.map((name) => given.get(name))
  const known = [...given.keys()].every((name) => names.includes(name))
  if (!known || vault === '' || secret === '') {
    throw refuse(
      'It is written @Microsoft.KeyVault(SecretUri=https://VAULT.vault.azure.net/secrets/NAME) or @Microsoft.KeyVault(VaultName=VAULT;SecretName=NAME;SecretVersion=VERSION).',
    )
  }
  return keyVault(vault, secret, version)
}

function readKeyVault(text: string): ProviderRef {
  const parts = /^(https:\/\/[^/]+)\/secrets\/([^/]+)(?:\/([^/]*))?\/?$/.exec(text)
  const [, vault = '', secret = '', version = ''] = parts ?? []
  if (!KEY_VAULT.test(text) || vault === '') {
    throw refuse('The URI of a secret is https://VAULT.vault.azure.net/secrets/NAME/VERSION.')
  }
  return keyVault(vault, secret, version)
}

function keyVault(vault: string, secret: string, version: string): ProviderRef {
  if (!/^[A-Za-z0-9-]{1,127}$/.test(secret) || !/^(?:[0-9a-fA-F]{32})?$/.test(version)) {
    throw refuse('A secret of a Key Vault has letters, digits and -, its version 32 hex digits.')
  }
  const host = vault.startsWith('https://')
    ? vault
    : `https://${vault}${vault.includes('.') ? '' : '.vault.azure.net'}`
  const key = `${host}/secrets/${secret}${version === '' ? '' : `/${version}`}`
  return { provider: 'azure', key }
}

/** vals, as in helmfile: `ref+BACKEND://PATH?PARAMETERS#/field`. */
function readVals(text: string): ProviderRef {
  const parts = /^(?:secret)?ref\+([a-z0-9]+):\/\/([^?#]+)(?:\?([^#]*))?(?:#(.+?))?\+?$/i.exec(text)
  const [, backend = '', path = '', query = '', field] = parts ?? []
  const read = Object.hasOwn(VALS, backend) ? VALS[backend] : undefined
  if (read === undefined) {
    throw refuse(
      `Of references ref+…:// those to ${Object.keys(VALS).join(', ')} are taken.`,
      'Write it for a provider that is here: see docs/references.md.',
    )
  }
  const ref = read(path, new URLSearchParams(query))
  return field === undefined ? ref : { ...ref, field }
}

type Vals = (path: string, parameters: URLSearchParams) => ProviderRef

const VALS: Readonly<Record<string, Vals>> = {
  awssecrets(path, parameters) {
    const { version_stage: stage, version_id: id, ...rest } = Object.fromEntries(parameters)
    refuseParameters(rest)
    const label = id === undefined ? stage : `id:${id}`
    return { provider: 'aws', key: path, ...(label === undefined ? {} : { label }) }
  },
  azurekeyvault(path, parameters) {
    refuseParameters(Object.fromEntries(parameters))
    const [vault = '', secret = '', version = '', ...more] = path.split('/')
    if (more.length > 0) throw refuse('It is written ref+azurekeyvault://VAULT/NAME/VERSION.')
    return keyVault(vault, secret, version)
  },
  k8s(path, parameters) {
    refuseParameters(Object.fromEntries(parameters))
    const [api, kind, ...rest] = path.split('/')
    if (api !== 'v1' || kind !== 'Secret' || rest.length !== 3 || !rest.every(isName)) {
      throw refuse('It is written ref+k8s://v1/Secret/NAMESPACE/NAME/KEY.')
    }
    return { provider: 'kubernetes', key: rest.join('/') }
  },
  vault(path, parameters) {
    refuseParameters(Object.fromEntries(parameters))
    return { provider: 'vault', key: path }
  },
  sops(path, parameters) {
    refuseParameters(Object.fromEntries(parameters))
    return { provider: 'sops', key: path }
  },
  envsubst(path) {
    const name = /^\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?$/.exec(path)?.[1]
    if (name === undefined) throw refuse('Of ref+envsubst:// one variable is taken: $NAME.')
    return { provider: 'env', key: name }
  },
}

function refuseParameters(parameters: Readonly<Record<string, string>>): void {
  const [name] = Object.keys(parameters)
  if (name === undefined) return
  throw refuse(
    'Where a provider is and who asks there stands with the provider, not in a reference.',
    'Declare it in `providers` of coffer.yaml with its options, and write NAME:KEY.',
  )
}

function refuseScheme(text: string): never {
  const scheme = text.slice(0, text.indexOf(':')).toLowerCase()
  const program = Object.hasOwn(PROGRAMS, scheme) ? PROGRAMS[scheme] : undefined
  if (program === undefined) {
    throw refuse(
      `References ${/^[a-z0-9+.-]{1,20}$/.test(scheme) ? `${scheme}://` : 'of this kind'} are not known.`,
      'Write it provider:key, with one colon and no slashes after it: see docs/references.md.',
    )
  }
  throw refuse(
    `There is no provider for ${scheme}:// references; its own program can be one.`,
    `Declare \`providers: { ${scheme}: { kind: command, command: "${program}" } }\` in coffer.yaml, and write ${scheme}:KEY.`,
  )
}

/** How the tools' own programs print a secret. */
const PROGRAMS: Readonly<Record<string, string>> = {
  op: 'op read op://{key}',
  bw: 'bw get password {key}',
  bws: 'bws secret get {key}',
  doppler: 'doppler secrets get {key} --plain',
}

/** A member by its whole name, also where it holds what a field would be split at. */
const pointer = (key: string): string =>
  /[./~]/.test(key) ? `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}` : key

const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[A-Za-z0-9._-]{1,253}$/.test(name)

const refuse = (why: string, remedy?: string) =>
  new CofferError('invalid_reference', why, remedy === undefined ? {} : { remedy })
