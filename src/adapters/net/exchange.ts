import type { Agent, IncomingHttpHeaders, IncomingMessage, RequestOptions } from 'node:http'
import { CofferError } from '../../core/errors.ts'
import { cancelled } from './cancelled.ts'
import { retryAfterMs } from './retry-after.ts'

/** One attempt of a request to a service, as far as Node's own HTTP makes it. */
export interface Exchange {
  readonly method: string
  /** Absolute, encoded, with its query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | undefined
  /** For the whole answer. */
  readonly timeoutMs: number
  readonly answerBytesMax: number
  readonly signal: AbortSignal
  /** Keeps connections, and holds the authorities and the certificate that they are made with. */
  readonly agent?: Agent | undefined
  /** How to have its certificate trusted, for the remedy: `Name its authority in VAULT_CACERT.` */
  readonly trust: string
}

export interface Answer {
  readonly status: number
  /** The media type, small, without parameters. */
  readonly type: string
  /** Of its `Retry-After`, where that is a number of seconds. */
  readonly retryAfterMs: number | undefined
  readonly location: string | undefined
  /** As the peer wrote them: to be looked at, not to be shown. */
  readonly headers: IncomingHttpHeaders
  /** The caller's to erase. */
  readonly body: Buffer
}

/**
 * Sends a request and reads its whole answer, whatever its status; redirections are not followed.
 * Certificates are always verified, whatever the environment says.
 *
 * @throws CofferError `unavailable` (`details.reason`: Node's code), `timeout`, `too_large`,
 * `cancelled` or what the signal was aborted with; never with text of the peer's
 */
export async function exchange(request: Exchange): Promise<Answer> {
  const { protocol, origin } = new URL(request.url)
  const http = protocol === 'https:' ? await import('node:https') : await import('node:http')
  const { method, headers, body, agent, signal, timeoutMs } = request
  const late = AbortSignal.timeout(timeoutMs)
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    method,
    headers: body === undefined ? headers : { ...headers, 'content-length': body.length },
    agent,
    signal: AbortSignal.any([signal, late]),
    rejectUnauthorized: true,
  }
  try {
    signal.throwIfAborted()
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = http.request(request.url, options, resolve).on('error', reject)
      // Node ends a connection that turns into another protocol, and says nothing to who waits.
      sent.on('upgrade', (_, socket) => {
        socket.destroy()
        reject(Object.assign(new Error('Another protocol.'), { code: 'HPE_UPGRADE' }))
      })
      sent.on('close', () => reject(new Error('It was closed without an answer.')))
      sent.end(body)
    })
    return {
      status: message.statusCode ?? 0,
      type: (message.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase(),
      retryAfterMs: retryAfterMs(message.headers['retry-after']),
      location: message.headers.location,
      headers: message.headers,
      body: await wholeBody(message, origin, request.answerBytesMax),
    }
  } catch (error) {
    if (signal.aborted) throw cancelled(signal)
    if (late.aborted) {
      throw new CofferError('timeout', `${origin} did not answer within ${timeoutMs} ms.`, {
        details: { timeoutMs },
      })
    }
    throw error instanceof CofferError ? error : noAnswer(error, origin, request.trust)
  }
}

async function wholeBody(
  message: IncomingMessage,
  origin: string,
  bytesMax: number,
): Promise<Buffer> {
  const encoding = message.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'identity') {
    message.destroy()
    throw new CofferError('corrupt', `${origin} answered in an encoding nobody asked for.`, {
      remedy: 'Check the address, and what stands between: it may be a proxy that answers itself.',
    })
  }
  const chunks: Buffer[] = []
  let total = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    total += chunk.length
    if (total > bytesMax) {
      throw new CofferError('too_large', `The answer of ${origin} has more than ${bytesMax} bytes.`)
    }
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return body
}

interface Row {
  readonly pattern: RegExp
  readonly message: (origin: string, code: string) => string
  /** Absent: what the caller says of trust. */
  readonly remedy?: string
}

/** By Node's code, the first that fits; the last fits all. */
const FAILURES: readonly Row[] = [
  {
    pattern: /SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_UNTRUSTED|INVALID_CA|INVALID_PURPOSE/,
    message: (origin) =>
      `The certificate of ${origin} is not signed by an authority that is trusted here.`,
  },
  {
    pattern: /ALTNAME_INVALID|HOSTNAME_MISMATCH/,
    message: (origin) => `The certificate of ${origin} is for other names.`,
    remedy: 'Use a name that the certificate holds.',
  },
  {
    pattern: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID|CRL_/,
    message: (origin) => `The certificate of ${origin} is not valid now.`,
    remedy: 'Have the certificate renewed, and compare the clocks of both machines.',
  },
  {
    pattern: /CERT|TLS|SSL|EPROTO/,
    message: (origin) => `There is no TLS to be agreed on with ${origin}.`,
    remedy: 'Does it speak plain HTTP? Then its address begins with http://.',
  },
  {
    pattern: /^HPE_/,
    message: (origin) => `What answers at ${origin} does not speak HTTP.`,
    remedy: 'Does it speak TLS? Then its address begins with https://.',
  },
  {
    pattern: /^(?:ENOTFOUND|EAI_AGAIN)$/,
    message: (origin, code) => `There is no host of the name in ${origin} (${code}).`,
    remedy: 'Check the spelling of the address, and the network of this machine.',
  },
  {
    pattern: /^(?:ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/,
    message: (origin, code) => `No server answers at ${origin} (${code}).`,
    remedy: 'Check that it runs and that the address is right, then try again.',
  },
  {
    pattern: /.*/,
    message: (origin, code) => `The connection to ${origin} was lost (${code}).`,
    remedy: 'Check that it runs and that the address is right, then try again.',
  },
]

function noAnswer(cause: unknown, origin: string, trust: string): CofferError {
  const { code } = (cause ?? {}) as NodeJS.ErrnoException
  const reason = typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code) ? code : 'unknown'
  const row = FAILURES.find(({ pattern }) => pattern.test(reason))!
  return new CofferError('unavailable', row.message(origin, reason), {
    remedy: row.remedy ?? trust,
    details: { reason },
  })
}
