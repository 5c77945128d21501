import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

type Given = string | (() => string | Promise<string>)

/** How a machine logs in for a token. */
export type Login =
  | { readonly roleId: string; readonly secretId?: Given | undefined; readonly mount?: string }
  | { readonly jwt: Given; readonly role?: string | undefined; readonly mount?: string }

/** Who the client is to the server. */
export interface CredentialOptions {
  /** A token, or what brings one: it is asked again when the server refuses the last. */
  readonly token?: Given | undefined
  /** In place of `token`: logs in when first needed, again when its token nears its end. */
  readonly login?: Login | undefined
}

export interface Credential {
  /** Undefined where none was given. @throws what bringing it throws; `invalid_argument` */
  get(): Promise<string | undefined>
  /** The server refused this one: whether there may be another now. */
  refused(token: string | undefined): boolean
}

/** What a login is answered with, as far as the client minds. */
export interface LoggedIn {
  readonly token: string
  /** 0: it does not expire. */
  readonly ttlSeconds: number
}

/** A token is fetched anew when so much of its life has passed. */
const LIFE_USED = 0.8

export function createCredential(
  { token, login }: CredentialOptions,
  enter: (login: Login) => Promise<LoggedIn>,
): Credential {
  if (token !== undefined && login !== undefined) {
    throw new CofferError('invalid_argument', 'Give either a token or a login.')
  }
  if (login !== undefined) return loginCredential(() => enter(login))
  if (typeof token !== 'function') {
    const checked = token === undefined ? undefined : checkToken(token)
    return { get: async () => checked, refused: () => false }
  }
  let known: Promise<string> | undefined
  const bring = async () => checkToken(await token())
  return {
    get: () => (known ??= forgetting(bring(), () => (known = undefined))),
    refused(last) {
      known = undefined
      return last !== undefined
    },
  }
}

function loginCredential(enter: () => Promise<LoggedIn>): Credential {
  let session: Promise<{ token: string; untilMs: number }> | undefined
  const begin = async () => {
    const startedMs = performance.now()
    const { token, ttlSeconds } = await enter()
    const lifeMs = ttlSeconds === 0 ? Infinity : ttlSeconds * 1_000 * LIFE_USED
    return { token: checkToken(token), untilMs: startedMs + lifeMs }
  }
  const current = () => (session ??= forgetting(begin(), () => (session = undefined)))
  return {
    async get() {
      const known = await current()
      if (performance.now() < known.untilMs) return known.token
      session = undefined
      return (await current()).token
    },
    refused(last) {
      session = undefined
      return last !== undefined
    },
  }
}

/** Where and with what to log in. */
export async function loginRequest(login: Login): Promise<{ path: string; body: object }> {
  const mount = login.mount === undefined ? {} : { mount: login.mount }
  if ('jwt' in login) {
    const { role } = login
    const jwt = await given(login.jwt)
    return { path: '/login/jwt', body: { ...mount, ...(role === undefined ? {} : { role }), jwt } }
  }
  const { roleId, secretId } = login
  const secret = secretId === undefined ? {} : { secretId: await given(secretId) }
  return { path: '/login/approle', body: { ...mount, roleId, ...secret } }
}

const given = async (value: Given): Promise<string> =>
  typeof value === 'function' ? value() : value

/** What failed is tried anew by the next who asks. */
function forgetting<T>(work: Promise<T>, forget: () => void): Promise<T> {
  work.catch(forget)
  return work
}

/** A newline at its end, which files have, is taken off. @throws CofferError without the token */
function checkToken(text: string): string {
  const token = typeof text === 'string' ? text.trim() : ''
  if (token.length <= LIMITS.bearerCharsMax && /^[\x21-\x7e]+$/.test(token)) return token
  throw new CofferError('invalid_argument', 'The token is empty or malformed.', {
    remedy: 'Give one as `coffer token create` prints it.',
  })
}
