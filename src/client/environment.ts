import { CofferError } from '../core/errors.ts'
import { connectCoffer } from './connect.ts'
import type { ConnectedCoffer } from './connect.ts'
import type { CredentialOptions } from './credential.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** How a program finds its server: what is given, else the process's environment. */
export interface ServerSettings {
  /** Else `COFFER_ADDR`. */
  readonly address?: string | undefined
  /** Else `COFFER_CACERT`. */
  readonly caFile?: string | undefined
  /** `true`, or `COFFER_ALLOW_HTTP=1`. */
  readonly allowHttp?: string | undefined
  /** Else `COFFER_TOKEN`, `COFFER_TOKEN_FILE`, what `coffer login` keeps for the address. */
  readonly tokenFile?: string | undefined
  /** Logs in to a role, with the secret id in a file. */
  readonly roleId?: string | undefined
  readonly secretIdFile?: string | undefined
  /** Logs in with the JWT in a file: one that is projected into a container, or a CI job's. */
  readonly jwtFile?: string | undefined
  /** Logs in with the JWT that a job is given where it runs: `github`, for this `audience`. */
  readonly jwtFrom?: string | undefined
  readonly audience?: string | undefined
  readonly role?: string | undefined
  readonly mount?: string | undefined
}

/**
 * The client for the server that these name. Files are read when they are needed, and again when what
 * they held is refused. @throws CofferError `invalid_argument`
 */
export function connectFromEnvironment(env: Variables, settings: ServerSettings): ConnectedCoffer {
  const address = settings.address ?? env.COFFER_ADDR ?? ''
  return connectCoffer({
    address,
    caFile: settings.caFile ?? given(env.COFFER_CACERT),
    allowHttp: settings.allowHttp === 'true' || env.COFFER_ALLOW_HTTP === '1',
    ...credentialOf(env, settings, address),
  })
}

function credentialOf(
  env: Variables,
  settings: ServerSettings,
  address: string,
): CredentialOptions {
  const { tokenFile, roleId, secretIdFile, jwtFile, jwtFrom, role } = settings
  const ways = [tokenFile, roleId, jwtFile, jwtFrom].filter((way) => way !== undefined)
  if (ways.length > 1) {
    throw new CofferError('invalid_argument', 'Give one of tokenFile, roleId, jwtFile and jwtFrom.')
  }
  const mount = settings.mount === undefined ? {} : { mount: settings.mount }
  if (tokenFile !== undefined) return { token: () => textOf(tokenFile) }
  if (jwtFile !== undefined) return { login: { jwt: () => textOf(jwtFile), role, ...mount } }
  if (jwtFrom !== undefined) return { login: { jwt: issuedJwt(env, settings), role, ...mount } }
  if (roleId !== undefined) {
    const secretId = secretIdFile === undefined ? undefined : () => textOf(secretIdFile)
    return { login: { roleId, secretId, ...mount } }
  }
  const variable = given(env.COFFER_TOKEN)
  if (variable !== undefined) return { token: variable }
  const file = given(env.COFFER_TOKEN_FILE)
  return { token: file === undefined ? () => loggedIn(env, address) : () => textOf(file) }
}

/** @throws CofferError `invalid_argument` for a place that gives none */
export function issuedJwt(
  env: Variables,
  { jwtFrom, audience }: Pick<ServerSettings, 'jwtFrom' | 'audience'>,
): () => Promise<string> {
  if (jwtFrom === 'github') {
    return async () => (await import('./github-jwt.ts')).githubJwt(env, audience)
  }
  throw new CofferError('invalid_argument', 'jwtFrom is github.', {
    remedy: 'Elsewhere a job has its JWT in a file or a variable: give jwtFile.',
  })
}

const given = (text: string | undefined) => (text === '' ? undefined : text)

/** @throws CofferError with the file's name and the system's code, without its content */
async function textOf(file: string): Promise<string> {
  try {
    const { readFile } = await import('node:fs/promises')
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    throw new CofferError(
      'unauthenticated',
      `The credential in ${file} cannot be read (${code}).`,
      {
        remedy: 'Check the name of the file and its permissions.',
      },
    )
  }
}

/** What `coffer login` left for this very address. @throws CofferError `unauthenticated` */
async function loggedIn(env: Variables, address: string): Promise<string> {
  const { loginFile, readLogin } = await import('./kept-login.ts')
  const kept = await readLogin(loginFile(env, address))
  if (kept !== undefined) return kept
  throw new CofferError('unauthenticated', 'No token is given for the server.', {
    remedy:
      'Log in with `coffer login`, set COFFER_TOKEN or COFFER_TOKEN_FILE, or give the provider a tokenFile or a role.',
  })
}
