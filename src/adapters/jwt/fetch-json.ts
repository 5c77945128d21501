import { request as requestPlain } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { request as requestTls } from 'node:https'
import { CofferError } from '../../core/errors.ts'
import { isKeyUrl } from '../../core/key-url.ts'
import { LIMITS } from '../../core/limits.ts'

export interface FetchOptions {
  /** Replaces the authorities that are trusted otherwise. */
  readonly caPem?: string | undefined
  /** For the whole answer. Default `LIMITS.jwksTimeoutMs`. */
  readonly timeoutMs?: number | undefined
}

/**
 * A JSON document of an issuer: status 200, no redirect, at most `jwksBytesMax`.
 * @throws CofferError `unavailable`, without anything of the answer
 */
export async function fetchJson(
  url: string,
  { caPem, timeoutMs = LIMITS.jwksTimeoutMs }: FetchOptions,
): Promise<unknown> {
  if (!isKeyUrl(url)) throw unavailable('its address is neither https nor on this machine')
  const signal = AbortSignal.timeout(timeoutMs)
  const text = await new Promise<string>((resolve, reject) => {
    const options = { signal, agent: false, headers: { accept: 'application/json' } }
    const take = (answer: IncomingMessage) => void bodyOf(answer).then(resolve, reject)
    const sent = url.startsWith('https:')
      ? requestTls(url, { ...options, ...(caPem === undefined ? {} : { ca: caPem }) }, take)
      : requestPlain(url, options, take)
    sent.once('error', (cause) => reject(unavailable('it does not answer', cause)))
    // Node ends a connection that turns into another protocol, and says nothing to who waits.
    sent.once('upgrade', (_, socket) => {
      socket.destroy()
      reject(unavailable('it answers in another protocol'))
    })
    sent.end()
  })
  try {
    return JSON.parse(text)
  } catch {
    throw unavailable('it does not answer with JSON')
  }
}

export const unavailable = (why: string, cause?: unknown) =>
  new CofferError('unavailable', `The keys of the issuer cannot be had: ${why}.`, { cause })

async function bodyOf(answer: IncomingMessage): Promise<string> {
  if (answer.statusCode !== 200) {
    answer.destroy()
    throw unavailable(`it answers with status ${answer.statusCode}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > LIMITS.jwksBytesMax) throw unavailable('its answer is too long')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
