import type { IncomingMessage } from 'node:http'
import { CofferError, isCofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { parseExactly } from '../core/exact-json.ts'
import { cancelled, collect } from './connection.ts'
import type { Answer, Connection } from './connection.ts'
import type { Credential } from './credential.ts'
import { NoAnswer, notOurs } from './failure.ts'
import { bodyText } from './wire/codec.ts'
import { PROBLEM_TYPE, errorOf } from './wire/error.ts'

/** One call of the native API. */
export interface Request {
  readonly method: 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/api/v1`, each segment encoded. */
  readonly path: string
  /** What is undefined is left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined
  /** Sent as JSON. */
  readonly body?: object | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Doing it twice is doing it once: it may be repeated also when it may have arrived. */
  readonly repeatable?: boolean | undefined
  /** Without the client's credential: health, unseal, login. */
  readonly anonymous?: boolean | undefined
  /** Every number of the answer stays as it is written, also one that JavaScript would round. */
  readonly exact?: boolean | undefined
  /** Work that takes as long as it takes. */
  readonly long?: boolean | undefined
  readonly signal?: AbortSignal | undefined
}

/** Calls of the native API, repeated where that can help and can do no harm. */
export interface Caller {
  /** The answer's document; undefined for an answer without one. @throws CofferError */
  json(request: Request): Promise<unknown>
  /** An answer of this media type, its body still to come; not repeated. @throws CofferError */
  open(request: Request, type: string): Promise<IncomingMessage>
}

export interface CallerOptions {
  readonly timeoutMs: number
  readonly retriesMax: number
  /** Ends everything. */
  readonly signal: AbortSignal
}

const PREFIX = '/api/v1'
const JSON_TYPE = 'application/json'
/** Servers and proxies refuse longer ones, and not in our words. */
const URL_CHARS_MAX = 12_288
const LONG_MS = 60 * 60 * 1_000
const WAIT_MS_MIN = 100
const WAIT_MS_MAX = 5_000
const PROBLEM_BYTES_MAX = 1_048_576
/** The server did not do it, and may in a moment. */
const NOT_DONE: readonly ErrorCode[] = ['throttled']
const PASSING: readonly ErrorCode[] = ['throttled', 'unavailable', 'store_busy', 'timeout']

export function createCaller(
  connect: () => Promise<Connection>,
  credential: Credential,
  options: CallerOptions,
): Caller {
  const exchangeOf = (request: Request, token: string | undefined, accept: string) => {
    const path = PREFIX + request.path + queryOf(request.query)
    if (path.length > URL_CHARS_MAX) throw tooLong()
    return {
      method: request.method,
      path,
      headers: {
        accept: `${accept}, ${PROBLEM_TYPE}`,
        ...(request.body === undefined ? {} : { 'content-type': JSON_TYPE }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...request.headers,
      },
      body: request.body === undefined ? undefined : Buffer.from(bodyText(request.body)),
      timeoutMs: request.long === true ? LONG_MS : options.timeoutMs,
      signal: request.signal ?? options.signal,
    }
  }

  /** Calls with a token, and once more with another when the server refuses the first. */
  const withToken = async <T>(
    request: Request,
    attempt: (token: string | undefined) => Promise<T>,
  ): Promise<T> => {
    if (request.anonymous === true) return attempt(undefined)
    const token = await credential.get()
    try {
      return await attempt(token)
    } catch (error) {
      const refused = isCofferError(error, 'unauthenticated') && credential.refused(token)
      if (!refused) throw error
      return attempt(await credential.get())
    }
  }

  const attemptJson = async (request: Request, token: string | undefined, repeated: number) => {
    const connection = await connect()
    const exchange = exchangeOf(request, token, JSON_TYPE)
    let failure: Failure
    try {
      const answer = await connection.exchange(exchange)
      if (answer.status < 300)
        return { document: documentOf(answer, connection.address, request.exact) }
      failure = { error: refusalOf(answer, connection.address), afterMs: answer.retryAfterMs }
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error
      failure = error
    } finally {
      exchange.body?.fill(0)
    }
    const waitMs = repeated < options.retriesMax ? waitOf(failure, request, repeated) : undefined
    if (waitMs === undefined) throw failure.error
    return { waitMs }
  }

  return {
    json: (request) =>
      withToken(request, async (token) => {
        for (let repeated = 0; ; repeated++) {
          const done = await attemptJson(request, token, repeated)
          if ('document' in done) return done.document
          await pause(done.waitMs, request.signal ?? options.signal)
        }
      }),

    open: (request, type) =>
      withToken(request, async (token) => {
        const connection = await connect()
        const exchange = exchangeOf(request, token, type)
        try {
          const message = await connection.open(exchange)
          const status = message.statusCode ?? 0
          const found = typeOf(message)
          if (status === 200 && found === type) return message
          message.setTimeout(options.timeoutMs, () => message.destroy())
          const answer = { status, type: found, body: await collect(message, PROBLEM_BYTES_MAX) }
          throw refusalOf(answer, connection.address)
        } catch (error) {
          throw error instanceof NoAnswer ? error.error : error
        } finally {
          exchange.body?.fill(0)
        }
      }),
  }
}

type Failure = NoAnswer | { readonly error: CofferError; readonly afterMs: number | undefined }

/** How long to wait before doing it again; undefined: not again. */
function waitOf(failure: Failure, request: Request, repeated: number): number | undefined {
  const repeatable = request.repeatable === true
  const fullMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** (repeated + 1))
  // Half of it at random: clients that failed together do not come back together.
  const waitMs = fullMs / 2 + (Math.random() * fullMs) / 2
  if (failure instanceof NoAnswer) {
    return failure.passing && (repeatable || !failure.mayHaveArrived) ? waitMs : undefined
  }
  const { error, afterMs = 0 } = failure
  const helps = repeatable ? PASSING : NOT_DONE
  if (!helps.includes(error.code) || afterMs > WAIT_MS_MAX) return undefined
  return Math.max(afterMs, waitMs)
}

type Address = Connection['address']

function documentOf(
  { status, type, body }: Answer,
  address: Address,
  exact: boolean | undefined,
): unknown {
  try {
    if (status === 204) return undefined
    if (type === JSON_TYPE) return parsed(body.toString('utf8'), exact)
  } catch {
    // What cannot be parsed is quoted by nobody.
  } finally {
    body.fill(0)
  }
  throw notOurs(address, status, 'and no document')
}

const parsed = (text: string, exact = false): unknown =>
  exact ? parseExactly(text) : JSON.parse(text)

function refusalOf(
  { status, type, body }: Pick<Answer, 'status' | 'type' | 'body'>,
  address: Address,
): CofferError {
  if (status >= 300 && status < 400) return notOurs(address, status, 'and leads elsewhere')
  try {
    if (type === PROBLEM_TYPE) return errorOf(JSON.parse(body.toString('utf8')))
  } catch {
    // A problem that cannot be read is none of ours.
  }
  return notOurs(address, status, 'and not what a Coffer server says')
}

const typeOf = (message: IncomingMessage): string =>
  (message.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase()

function queryOf(query: Request['query'] = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${encodeURIComponent(value)}`],
  )
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

/** @throws CofferError `cancelled` */
export function pause(ms: number, signal: AbortSignal, keepsAlive = true): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer)
      reject(cancelled())
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', cancel)
      resolve()
    }, ms)
    if (!keepsAlive) timer.unref()
    if (signal.aborted) cancel()
    else signal.addEventListener('abort', cancel, { once: true })
  })
}

const tooLong = () =>
  new CofferError('invalid_argument', `The request line has more than ${URL_CHARS_MAX} characters.`)
