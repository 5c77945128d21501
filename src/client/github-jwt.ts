import { setTimeout as sleep } from 'node:timers/promises'
import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { parseAddress } from './address.ts'

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The JWT that a job of GitHub Actions is given about itself, fresh. A job may ask for one when it has
 * `permissions: id-token: write`. Without an audience GitHub's own stands in it: the address of the
 * repository's owner.
 * @throws CofferError `unauthenticated` where the job may not ask, or is refused; `unavailable`,
 * `timeout`. Never with what was answered
 */
export async function githubJwt(env: Variables, audience?: string, waitMs = 200): Promise<string> {
  const { ACTIONS_ID_TOKEN_REQUEST_URL: written = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: token = '' } =
    env
  if (written === '' || token === '') throw mayNotAsk()
  const url = addressOf(written)
  if (audience !== undefined) url.searchParams.set('audience', audience)
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask(url, token)
    } catch (error) {
      if (!(error instanceof CofferError) || attempt > LIMITS.clientRetriesMax) throw error
      if (error.code === 'unauthenticated') throw error
      await sleep(waitMs * 2 ** attempt)
    }
  }
}

const ANSWER_BYTES_MAX = LIMITS.jwtCharsMax + 1_024

/** The job's token for asking goes to an address that is as safe as a server's. */
function addressOf(written: string): URL {
  const url = URL.canParse(written) ? new URL(written) : undefined
  if (url === undefined) throw mayNotAsk()
  parseAddress(url.origin)
  return url
}

async function ask(url: URL, token: string): Promise<string> {
  const signal = AbortSignal.timeout(LIMITS.clientTimeoutMs)
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  let status: number
  let text: string
  try {
    const response = await fetch(url, { headers, signal, redirect: 'error' })
    status = response.status
    text = await bounded(response)
  } catch (cause) {
    if (cause instanceof CofferError) throw cause
    if (signal.aborted) throw new CofferError('timeout', `${url.host} took too long.`)
    throw new CofferError('unavailable', `${url.host}, which gives jobs their JWT, is not there.`)
  }
  if (status >= 500 || status === 429) {
    throw new CofferError('unavailable', `${url.host} gives no JWT now (${status}).`)
  }
  if (status !== 200) {
    throw new CofferError('unauthenticated', `${url.host} gives this job no JWT (${status}).`, {
      remedy: REMEDY,
    })
  }
  return jwtIn(text, url)
}

async function bounded({ body }: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > ANSWER_BYTES_MAX) throw new CofferError('unavailable', 'The answer is too long.')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function jwtIn(text: string, { host }: URL): string {
  try {
    const { value } = JSON.parse(text) as { value?: unknown }
    if (typeof value === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(value)) return value
  } catch {
    // Not JSON: the same as JSON without a JWT.
  }
  throw new CofferError('unavailable', `${host} answered without a JWT.`)
}

const REMEDY = 'Give the job `permissions: { id-token: write }`.'

const mayNotAsk = () =>
  new CofferError('unauthenticated', 'This is no job of GitHub Actions that may ask for a JWT.', {
    remedy: REMEDY,
  })
