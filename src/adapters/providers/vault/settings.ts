import { homedir } from 'node:os'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { isLoopbackHost } from '../../../core/loopback.ts'
import type { ProviderContext } from '../context.ts'
import { readFileWhole } from '../files.ts'

/** Where it is, and what is sent there besides a token. */
export interface Settings {
  /** `https://vault.example:8200`, with what a proxy puts before `/v1`. */
  readonly address: string
  readonly origin: string
  readonly namespace: string | undefined
  /** PEM: trusted in place of the system's authorities. */
  readonly ca: string | undefined
  readonly login: Login
}

export type Login =
  | { readonly kind: 'token'; readonly token: () => Promise<string> }
  | {
      readonly kind: 'approle' | 'kubernetes' | 'jwt'
      readonly mount: string
      /** What names the caller: a role, a role id. */
      readonly who: string
      /** Read anew for each login: files are replaced before they expire. */
      readonly body: () => Promise<Readonly<Record<string, string>>>
    }

/** @throws CofferError `invalid_config`, `unauthenticated` where no credential is named */
export async function readSettings({ env, options }: ProviderContext): Promise<Settings> {
  const variable = (name: string) => nonEmpty(env[`BAO_${name}`]) ?? nonEmpty(env[`VAULT_${name}`])
  if (/^(?:1|t|true)$/i.test(variable('SKIP_VERIFY') ?? '')) {
    throw refuse(
      'VAULT_SKIP_VERIFY is set: the token would go to whoever answers.',
      'Name the authority of its certificate in VAULT_CACERT instead.',
    )
  }
  const { address, origin } = addressOf(
    options['address'] ?? variable('ADDR'),
    options['allowHttp'] === 'true',
  )
  const caFile = options['caFile'] ?? variable('CACERT')
  return {
    address,
    origin,
    namespace: options['namespace'] ?? variable('NAMESPACE'),
    ca: caFile === undefined ? undefined : await readText(caFile, 'authority'),
    login: loginOf(env, options, variable),
  }
}

function addressOf(text: string | undefined, allowHttp: boolean) {
  if (text === undefined) {
    throw refuse('Nothing here names a Vault.', 'Set VAULT_ADDR, or the option address.')
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const plain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (url === undefined || !plain || !/^https?:$/.test(url.protocol)) {
    throw refuse('The address of Vault is malformed.', 'Write it as https://vault.example:8200.')
  }
  if (url.protocol === 'http:' && !allowHttp && !isLoopbackHost(url.hostname)) {
    throw refuse(
      `Secrets do not go over plain HTTP to ${url.host}.`,
      'Write the address with https://; the option allowHttp is for networks that encrypt by themselves.',
    )
  }
  return { origin: url.origin, address: url.origin + url.pathname.replace(/\/+$/, '') }
}

function loginOf(
  env: ProviderContext['env'],
  options: ProviderContext['options'],
  variable: (name: string) => string | undefined,
): Login {
  const kind = options['auth'] ?? 'token'
  const { role, roleId = variable('ROLE_ID'), secretIdFile, jwtFile, tokenFile } = options
  const mount = (options['authMount'] ?? kind).replaceAll(/^\/+|\/+$/g, '')
  switch (kind) {
    case 'token':
      return { kind, token: () => findToken(env, variable('TOKEN'), tokenFile) }
    case 'approle': {
      if (roleId === undefined) throw lacking(kind, 'roleId')
      const secretId = async () =>
        secretIdFile === undefined ? variable('SECRET_ID') : readText(secretIdFile, 'secret id')
      const body = async () => {
        const secret = await secretId()
        return { role_id: roleId, ...(secret === undefined ? {} : { secret_id: secret }) }
      }
      return { kind, mount, who: roleId, body }
    }
    case 'kubernetes':
    case 'jwt': {
      const file = jwtFile ?? (kind === 'kubernetes' ? SERVICE_ACCOUNT_TOKEN : undefined)
      if (role === undefined) throw lacking(kind, 'role')
      if (file === undefined) throw lacking(kind, 'jwtFile')
      return {
        kind,
        mount,
        who: role,
        body: async () => ({ role, jwt: await readText(file, 'JWT') }),
      }
    }
    default:
      throw refuse('There is no such login.', 'Use one of token, approle, kubernetes, jwt.')
  }
}

async function findToken(
  env: ProviderContext['env'],
  given: string | undefined,
  file: string | undefined,
): Promise<string> {
  const token =
    file !== undefined
      ? await readText(file, 'token')
      : (given ?? (await ownToken(path.join(env['HOME'] ?? homedir(), '.vault-token'))))
  if (token !== undefined && /^[\x21-\x7e]{1,4096}$/.test(token)) return token
  const why = token === undefined ? 'No token for Vault was found.' : 'The token is malformed.'
  throw new CofferError('unauthenticated', why, {
    remedy:
      'Run `vault login` or `bao login`, set VAULT_TOKEN, or choose a login with the option auth.',
  })
}

const SERVICE_ACCOUNT_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/** Where `vault login` leaves it. */
async function ownToken(file: string): Promise<string | undefined> {
  const bytes = await readFileWhole(file, 'The file ~/.vault-token', 65_536, { follow: true })
  return nonEmpty(bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8').trim())
}

async function readText(file: string, what: string): Promise<string> {
  try {
    const bytes = await readFileWhole(file, file, LIMITS.tlsFileBytesMax, { follow: true })
    const text = bytes === undefined ? '' : Buffer.from(bytes).toString('utf8').trim()
    if (text !== '') return text
  } catch {
    // Said below: the name of the file is what somebody can mend.
  }
  throw refuse(
    `The file of the ${what}, ${file}, cannot be read or is empty.`,
    'Name another file.',
  )
}

const nonEmpty = (text: string | undefined) => (text === '' ? undefined : text)

const lacking = (kind: string, option: string) =>
  refuse(`The login ${kind} lacks the option ${option}.`, 'See docs/providers.md.')

const refuse = (why: string, remedy: string) => new CofferError('invalid_config', why, { remedy })
