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
  /**
   * Tells it from any other, and nothing of it to who does not have it. What is kept elsewhere is
   * brought anew: a file that changed is another credential. @throws as `get`
   */
  name(): Promise<string>
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
  if (login !== undefined) return loginCredential(login, () => enter(login))
  if (typeof token !== 'function') {
    const checked = token === undefined ? undefined : checkToken(token)
    return { get: async () => checked, refused: () => false, name: () => digestOf(checked) }
  }
  let known: Promise<string> | undefined
  const bring = async () => checkToken(await token())
  const anew = () => (known = forgetting(bring(), () => (known = undefined)))
  return {
    get: () => known ?? anew(),
    refused(last) {
      known = undefined
      return last !== undefined
    },
    name: async () => digestOf(await anew()),
  }
}

function loginCredential(login: Login, enter: () => Promise<LoggedIn>): Credential {
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
    // A JWT is another one at each login; who it is for stays.
    async name() {
      const { mount = '' } = login
      if ('jwt' in login) return ['jwt', mount, login.role].join('|')
      return [login.roleId, mount, await digestOf(await given(login.secretId ?? ''))].join('|')
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

async function digestOf(credential: string | undefined): Promise<string> {
  const { hash } = await import('node:crypto')
  return hash('sha256', credential ?? '')
}

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
