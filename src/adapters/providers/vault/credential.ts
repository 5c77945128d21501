import { createHash } from 'node:crypto'
import { CofferError } from '../../../core/errors.ts'
import { refusalOf } from './refusals.ts'
import type { Settings } from './settings.ts'
import type { Wire } from './wire.ts'

export interface VaultCredential {
  /** Names the caller; another once that is another, and nothing that opens anything. */
  readonly scope: string
  token(): Promise<string>
  /** The token was refused. Whether another may be had. */
  refused(): boolean
}

/** A login's token is used for so much of its life. It is not renewed: another login is as cheap. */
const LIFE_USED = 0.8

/** @throws CofferError `unauthenticated`, `invalid_config` */
export async function createCredential(
  { login, origin }: Pick<Settings, 'login' | 'origin'>,
  wire: Wire,
): Promise<VaultCredential> {
  if (login.kind === 'token') {
    let token: string | undefined = await login.token()
    return {
      scope: `token ${hashOf(token)}`,
      token: async () => (token ??= await login.token()),
      refused() {
        // Looked for again by the next who asks: somebody may have logged in since.
        token = undefined
        return false
      },
    }
  }
  const { kind, mount, who, body } = login
  type Session = { readonly token: string; readonly untilMs: number }
  let session: Promise<Session> | undefined
  /** Shared by all who wait for it, so no single one of them ends it; its time is the wire's. */
  const { signal } = new AbortController()
  const enter = async (): Promise<Session> => {
    const startedMs = performance.now()
    const path = `auth/${mount.split('/').map(encodeURIComponent).join('/')}/login`
    const answer = await wire.request({ path, body: await body(), signal })
    const auth = answer.document?.['auth'] as
      { client_token?: unknown; lease_duration?: unknown } | null | undefined
    const token = auth?.client_token
    if (answer.status === 200 && typeof token === 'string') {
      const seconds = Number(auth?.lease_duration)
      return { token, untilMs: startedMs + (seconds > 0 ? seconds * 1_000 * LIFE_USED : Infinity) }
    }
    if (![400, 403, 404].includes(answer.status)) throw refusalOf(answer, origin)
    throw new CofferError(
      'unauthenticated',
      `${origin} refused the login ${kind} at auth/${mount}.`,
      {
        remedy: 'Check its role and its credential, and that this login is enabled there.',
        details: { status: answer.status },
      },
    )
  }
  const begin = () => {
    const begun = (session ??= enter())
    begun.catch(() => (session = undefined))
    return begun
  }
  return {
    scope: `${kind} ${mount} ${hashOf(JSON.stringify([who, kind === 'approle' && (await body())]))}`,
    async token() {
      const known = await (session ?? begin())
      if (performance.now() < known.untilMs) return known.token
      session = undefined
      return (await begin()).token
    },
    refused() {
      const had = session !== undefined
      session = undefined
      return had
    },
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
