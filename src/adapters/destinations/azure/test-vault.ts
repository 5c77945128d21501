import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { SecretClient } from '@azure/keyvault-secrets'
import type { SecretClientOptions } from '@azure/keyvault-secrets'
import { settingsOf } from '../../net/azure-vault.ts'

type HttpClient = NonNullable<SecretClientOptions['httpClient']>
type Request = Parameters<HttpClient['sendRequest']>[0]

/** An answer of a vault, and headers where it has more than usual. */
export interface VaultAnswer {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

interface Version {
  readonly version: string
  readonly value: string
  readonly tags: Record<string, string> | undefined
  readonly contentType: string | undefined
  readonly created: number
  enabled: boolean
}

/**
 * A Key Vault as far as secrets need it, made from the service's TypeSpec (2025-07-01) and the
 * recordings of its SDKs: challenge, versions, pages, soft deletion. The official client speaks to it
 * in this process, past the sockets; adapters were also tried against lowkey-vault.
 */
export interface TestVault {
  readonly host: string
  readonly client: SecretClient
  /** Versions, oldest first. */
  readonly secrets: Map<string, Version[]>
  readonly deleted: Map<string, Version[]>
  /** `GET /secrets/name` */
  readonly requests: string[]
  /** Seconds since 1970. */
  now: number
  /** Answers in place of the vault. */
  before: ((method: string, path: string) => VaultAnswer | undefined) | undefined
  /** Whether only half of the answer comes, as if it were whole. */
  garbles: ((method: string, path: string) => boolean) | undefined
  /** Whether the answer is lost once the request was carried out. */
  loses: ((method: string, path: string) => boolean) | undefined
  set(name: string, value: string, tags?: Record<string, string>): void
}

const HOST = 'coffer-test.vault.azure.net'
const CHALLENGE =
  'Bearer authorization="https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555", resource="https://vault.azure.net"'
const PAGE = 25

export function testVault(): TestVault {
  const secrets = new Map<string, Version[]>()
  const deleted = new Map<string, Version[]>()
  const vault: TestVault = {
    host: HOST,
    secrets,
    deleted,
    requests: [],
    now: 1_700_000_000,
    before: undefined,
    garbles: undefined,
    loses: undefined,
    client: new SecretClient(
      `https://${HOST}`,
      { getToken: async () => ({ token: 'token', expiresOnTimestamp: Date.now() + 3_600_000 }) },
      settingsOf({ env: {}, retriesMax: 0, client: { httpClient: { sendRequest } } }),
    ),
    set: (name, value, tags) => void write(name, { value, tags }),
  }

  function write(name: string, { value, tags, contentType }: Partial<Version>): Version {
    const version = {
      version: randomBytes(16).toString('hex'),
      value: value ?? '',
      tags,
      contentType,
      created: vault.now,
      enabled: true,
    }
    secrets.set(name, [...(secrets.get(name) ?? []), version])
    return version
  }

  async function sendRequest(request: Request) {
    const { method, abortSignal } = request
    const url = new URL(request.url)
    if (abortSignal?.aborted === true) throw named('AbortError', 'ABORT_ERR')
    vault.requests.push(`${method} ${url.pathname}`)
    const answer =
      vault.before?.(method, url.pathname) ??
      (request.headers.has('authorization')
        ? carryOut(method, url, request.body as string)
        : { status: 401, headers: { 'www-authenticate': CHALLENGE } })
    if (vault.loses?.(method, url.pathname) === true) throw named('Error', 'ECONNRESET')
    const text = Buffer.from(answer.body === undefined ? '' : JSON.stringify(answer.body))
    const sent = vault.garbles?.(method, url.pathname) === true ? text.length / 2 : text.length
    return {
      request,
      status: answer.status,
      headers: headersOf({ 'content-type': 'application/json', ...answer.headers }),
      readableStreamBody: Readable.from(text.length === 0 ? [] : [text.subarray(0, sent)]),
    }
  }

  function carryOut(method: string, url: URL, body: string | undefined): VaultAnswer {
    const [, kind = '', name = '', sub = ''] = url.pathname.split('/')
    const versions = secrets.get(name)
    const gone = deleted.get(name)
    const page = (items: readonly object[]): VaultAnswer => {
      const from = Number(url.searchParams.get('$skiptoken') ?? 0)
      const next = `https://${HOST}${url.pathname}?api-version=2025-07-01&$skiptoken=${from + PAGE}`
      const nextLink = from + PAGE < items.length ? next : null
      return { status: 200, body: { value: items.slice(from, from + PAGE), nextLink } }
    }
    switch (`${method} ${kind}${name === '' ? '' : '/name'}${sub === '' ? '' : `/${sub}`}`) {
      case 'GET secrets':
        return page([...secrets].map(([one, all]) => shown(one, all.at(-1), { bare: true })))
      case 'GET secrets/name/versions':
        return page((versions ?? []).map((one) => shown(name, one)))
      case 'GET secrets/name': {
        const newest = versions?.at(-1)
        if (newest === undefined) return refusal(404, 'SecretNotFound')
        if (!newest.enabled) return refusal(403, 'Forbidden', 'SecretDisabled')
        return { status: 200, body: { ...shown(name, newest), value: newest.value } }
      }
      case 'PUT secrets/name': {
        if (gone !== undefined) return refusal(409, 'Conflict', 'ObjectIsDeletedButRecoverable')
        const wanted = JSON.parse(body ?? '{}') as Partial<Version>
        if (!/^[0-9a-zA-Z-]{1,127}$/.test(name)) return refusal(400, 'BadParameter')
        if (Buffer.byteLength(wanted.value ?? '') > 25_600) return refusal(400, 'BadParameter')
        if (Object.keys(wanted.tags ?? {}).length > 15) return refusal(400, 'BadParameter')
        const made = write(name, wanted)
        return { status: 200, body: { ...shown(name, made), value: made.value } }
      }
      case 'DELETE secrets/name':
        if (versions === undefined) return refusal(404, 'SecretNotFound')
        secrets.delete(name)
        deleted.set(name, versions)
        return { status: 200, body: buried(name, versions) }
      case 'GET deletedsecrets/name':
        return gone === undefined
          ? refusal(404, 'SecretNotFound')
          : { status: 200, body: buried(name, gone) }
      case 'POST deletedsecrets/name/recover':
        if (gone === undefined) return refusal(404, 'SecretNotFound')
        deleted.delete(name)
        secrets.set(name, gone)
        return { status: 200, body: shown(name, gone.at(-1)) }
      default:
        return refusal(405, 'MethodNotAllowed')
    }
  }
  return vault
}

export const refusal = (status: number, code: string, inner?: string): VaultAnswer => ({
  status,
  body: {
    error: {
      code,
      message: 'vendor-body',
      ...(inner === undefined ? {} : { innererror: { code: inner } }),
    },
  },
})

const shown = (name: string, one: Version | undefined, { bare = false } = {}) => ({
  id: `https://${HOST}/secrets/${name}${bare ? '' : `/${one?.version}`}`,
  tags: one?.tags,
  contentType: one?.contentType,
  attributes: {
    enabled: one?.enabled,
    created: one?.created,
    updated: one?.created,
    recoveryLevel: 'Recoverable+Purgeable',
    recoverableDays: 90,
  },
})

const buried = (name: string, versions: readonly Version[]) => ({
  ...shown(name, versions.at(-1)),
  recoveryId: `https://${HOST}/deletedsecrets/${name}`,
  deletedDate: 1_700_000_000,
  scheduledPurgeDate: 1_707_000_000,
})

const named = (name: string, code: string): Error =>
  Object.assign(new Error('it failed'), { name, code })

type Headers = Awaited<ReturnType<HttpClient['sendRequest']>>['headers']

/** The client's own headers are made by a package that nothing here depends on. */
function headersOf(given: Readonly<Record<string, string>>): Headers {
  const map = new Map(Object.entries(given))
  return {
    get: (name) => map.get(name.toLowerCase()),
    has: (name) => map.has(name.toLowerCase()),
    set: (name, value) => void map.set(name.toLowerCase(), String(value)),
    delete: (name) => void map.delete(name.toLowerCase()),
    toJSON: () => Object.fromEntries(map),
    [Symbol.iterator]: () => map.entries(),
  }
}
