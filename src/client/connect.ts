import { CofferError } from '../core/errors.ts'
import type { Coffer } from '../core/ports/coffer.ts'
import { createAccessAdmin } from './access.ts'
import { parseAddress } from './address.ts'
import { createAuditReader } from './audit.ts'
import { createCaller } from './caller.ts'
import { createConnection } from './connection.ts'
import type { Connection } from './connection.ts'
import { createCredential } from './credential.ts'
import type { CredentialOptions } from './credential.ts'
import { LIMITS } from '../core/limits.ts'
import { createEvents } from './events.ts'
import { createIdentityAdmin } from './identities.ts'
import { createOperations } from './operations.ts'
import type { ServerOperations } from './operations.ts'
import { createSecrets } from './secrets.ts'
import { createSettingsAdmin } from './settings.ts'
import { createWatch } from './watch.ts'

/** Where the server is, and who asks. */
export interface ConnectOptions extends CredentialOptions {
  /** `https://coffer.example:8200`; plain HTTP for this machine's own addresses only. */
  readonly address: string
  /** PEM: trusted in place of the system's authorities. */
  readonly ca?: string | undefined
  /** A file with it. */
  readonly caFile?: string | undefined
  /** Plain HTTP to any address: for networks that encrypt by themselves. */
  readonly allowHttp?: boolean | undefined
  /** What `actor` says until the server has said who the client is. */
  readonly actor?: string | undefined
  /** For one attempt; default `LIMITS.clientTimeoutMs`. Long work has an hour. */
  readonly timeoutMs?: number | undefined
  /** How often what failed in passing is tried again; default and most `LIMITS.clientRetriesMax`. */
  readonly retries?: number | undefined
  /** The most that one answer may hold; default and most `LIMITS.clientAnswerBytesMax`. */
  readonly answerBytesMax?: number | undefined
}

/** The Coffer of a server. Close it, or let `await using` do it. */
export interface ConnectedCoffer extends Coffer, AsyncDisposable {
  readonly server: ServerOperations
  /** Of the server: `https://coffer.example:8200`. */
  readonly address: string
  /**
   * Where is asked, and who asks: the same in every process that does so, and another once the
   * credential is. Tells nothing of a token. @throws what bringing the credential throws
   */
  caller(): Promise<string>
  close(): Promise<void>
}

/**
 * A Coffer over HTTP, that answers and refuses as the local one does. It connects when it is first
 * used; its connections are kept open. Whatever fails in passing is tried again where that cannot do
 * it twice: every write carries an idempotency token.
 *
 * @example
 * await using coffer = connectCoffer({ address: 'https://coffer.example:8200', token })
 * const cfg = await config.load({ coffer })
 * @throws CofferError `invalid_argument` for the options
 */
export function connectCoffer(options: ConnectOptions): ConnectedCoffer {
  const address = parseAddress(options.address, options)
  const closing = new AbortController()
  const { signal } = closing
  let connection: Promise<Connection> | undefined
  let known = options.actor ?? UNKNOWN_ACTOR
  const connect = (): Promise<Connection> =>
    (connection ??= (async () => {
      try {
        const ca = await authorityOf(options)
        return await createConnection(address, { ca, answerBytesMax: limits.answerBytesMax })
      } catch (error) {
        connection = undefined
        throw error
      }
    })())
  const limits = {
    timeoutMs: within('timeoutMs', options.timeoutMs, LIMITS.clientTimeoutMs, Infinity),
    retriesMax: within('retries', options.retries, LIMITS.clientRetriesMax),
    answerBytesMax: within('answerBytesMax', options.answerBytesMax, LIMITS.clientAnswerBytesMax),
    signal,
  }
  const credential = createCredential(options, async (login) => {
    const { token, record } = await server.login(login)
    return { token: token.reveal(), ttlSeconds: record.ttlSeconds }
  })
  const caller = createCaller(connect, credential, limits)
  const server = createOperations(caller, (actor) => (known = actor))
  const close = async (): Promise<void> => {
    closing.abort()
    const opened = await connection?.catch(() => undefined)
    opened?.close()
  }

  return {
    get actor() {
      return known
    },
    ...createSecrets(caller),
    watch: createWatch(caller, signal),
    events: createEvents(caller, signal),
    access: createAccessAdmin(caller),
    audit: createAuditReader(caller, signal),
    identities: createIdentityAdmin(caller),
    settings: createSettingsAdmin(caller),
    server,
    address: address.origin,
    caller: async () => [address.origin, address.base, await credential.name()].join('|'),
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Until a login, or `server.self()`, has told. */
const UNKNOWN_ACTOR = 'client:unknown'

function within(name: string, given: number | undefined, usual: number, most = usual): number {
  if (given === undefined) return usual
  if (Number.isFinite(given) && given >= 0 && given <= most) return given
  throw new CofferError('invalid_argument', `${name} is a number from 0 to ${most}.`)
}

/** @throws CofferError `invalid_argument` for a file that cannot be read or holds no certificate */
async function authorityOf({ ca, caFile }: ConnectOptions): Promise<string | undefined> {
  if (ca !== undefined && caFile !== undefined) throw notACa('Give either ca or caFile.')
  if (caFile === undefined) return ca === undefined ? undefined : checkPem(ca, 'ca')
  try {
    const { readFile } = await import('node:fs/promises')
    return checkPem(await readFile(caFile, 'utf8'), caFile)
  } catch (error) {
    if (error instanceof CofferError) throw error
    const { code = 'EIO' } = error as NodeJS.ErrnoException
    throw notACa(`The certificate authority's file ${caFile} cannot be read (${code}).`)
  }
}

function checkPem(pem: string, where: string): string {
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem
  throw notACa(`${where} holds no certificate in PEM.`)
}

const notACa = (message: string) =>
  new CofferError('invalid_argument', message, {
    remedy: 'Name the file that `coffer ca` prints where the server runs.',
  })
