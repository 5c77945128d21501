import { CofferError } from '../core/errors.ts'
import { isLoopbackHost } from '../core/loopback.ts'

/** Where a server is. */
export interface Address {
  /** `https://coffer.example:8200`: for messages, and as the name of what belongs to it. */
  readonly origin: string
  readonly secure: boolean
  readonly host: string
  readonly port: number
  /** What a proxy puts before `/api/v1`; empty for most. */
  readonly base: string
}

/**
 * An address as people write it. Plain HTTP would show every secret to the network: it is taken for
 * this machine's own addresses only, unless `allowHttp`.
 * @throws CofferError `invalid_argument`; its message holds no password that the text may hold
 */
export function parseAddress(
  text: string,
  options: { readonly allowHttp?: boolean | undefined } = {},
): Address {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !(url.protocol in PORTS) || url.hostname === '') throw malformed()
  const { protocol, username, password, search, hash } = url
  if (username !== '' || password !== '') {
    throw refuse('The address of a server holds no user and no password.', TOKENS)
  }
  if (search !== '' || hash !== '') throw malformed()
  const secure = protocol === 'https:'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (!secure && options.allowHttp !== true && !isLoopbackHost(url.hostname)) {
    throw refuse(
      `Secrets do not go over plain HTTP to ${host}.`,
      'Write the address with https://. COFFER_ALLOW_HTTP=1, or the option allowHttp, is for networks that encrypt by themselves.',
    )
  }
  return {
    origin: url.origin,
    secure,
    host,
    port: url.port === '' ? PORTS[protocol as keyof typeof PORTS] : Number(url.port),
    base: url.pathname.replace(/\/+$/, ''),
  }
}

const PORTS = { 'https:': 443, 'http:': 80 }

const TOKENS = 'Give a token by COFFER_TOKEN, or log in with `coffer login`.'

const malformed = () =>
  refuse('The address of a server is malformed.', 'Write it as https://host:8200.')

const refuse = (message: string, remedy: string) =>
  new CofferError('invalid_argument', message, { remedy })
