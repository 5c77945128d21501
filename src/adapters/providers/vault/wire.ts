import { Agent as PlainAgent } from 'node:http'
import { Agent } from 'node:https'
import { CofferError } from '../../../core/errors.ts'
import { parseExactly } from '../../../core/exact-json.ts'
import { LIMITS } from '../../../core/limits.ts'
import { exchange } from '../../net/exchange.ts'
import type { Settings } from './settings.ts'

/** An answer of Vault's, as far as it can be believed. */
export interface VaultAnswer {
  readonly status: number
  readonly retryAfterMs: number | undefined
  /** Of an answer in JSON; numbers are as they were written. */
  readonly document: Readonly<Record<string, unknown>> | undefined
}

export interface VaultRequest {
  /** Below `/v1/`, encoded, with its query. */
  readonly path: string
  readonly token?: string | undefined
  /** Sent with POST. */
  readonly body?: Readonly<Record<string, string>> | undefined
  /** The root's, whatever namespace is set. */
  readonly root?: boolean | undefined
  readonly signal: AbortSignal
}

export type Wire = ReturnType<typeof createWire>

const TRUST = 'Name the file of its authority in VAULT_CACERT, or in the option caFile.'

/** Requests to one cluster. A standby that leads on is followed once, to where its leader is. */
export function createWire({ address, origin, namespace, ca }: Settings, timeoutMs: number) {
  const kept = { keepAlive: true, maxSockets: LIMITS.providerCallsMax }
  const agents = [new PlainAgent(kept), new Agent({ ...kept, ca, minVersion: 'TLSv1.2' })]

  async function send(url: string, { token, body, root, signal }: VaultRequest) {
    const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    try {
      return await exchange({
        method: bytes === undefined ? 'GET' : 'POST',
        url,
        headers: {
          accept: 'application/json',
          'x-vault-request': 'true',
          ...(bytes === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { 'x-vault-token': token }),
          ...(namespace === undefined || root === true ? {} : { 'x-vault-namespace': namespace }),
        },
        body: bytes,
        agent: agents[url.startsWith('https:') ? 1 : 0],
        timeoutMs,
        answerBytesMax: LIMITS.documentBytesMax,
        trust: TRUST,
        signal,
      })
    } finally {
      bytes?.fill(0)
    }
  }

  const leaderOrigin = async (signal: AbortSignal): Promise<string | undefined> => {
    const { body, type } = await send(`${address}/v1/sys/leader`, { path: '', root: true, signal })
    const leader = documentOf(body, type)?.['leader_address']
    return typeof leader === 'string' && URL.canParse(leader) ? new URL(leader).origin : undefined
  }

  return {
    async request(request: VaultRequest): Promise<VaultAnswer> {
      const url = `${address}/v1/${request.path}`
      let answer = await send(url, request)
      if (answer.status >= 300 && answer.status < 400) {
        const to = URL.canParse(answer.location ?? '', url)
          ? new URL(answer.location ?? '', url)
          : undefined
        const safe = to !== undefined && (origin.startsWith('http:') || to.protocol === 'https:')
        const within =
          safe && (to.origin === origin || to.origin === (await leaderOrigin(request.signal)))
        if (!within) throw ledAway(origin)
        answer = await send(to.href, request)
        if (answer.status >= 300 && answer.status < 400) throw ledAway(origin)
      }
      const { status, retryAfterMs, body, type } = answer
      return { status, retryAfterMs, document: documentOf(body, type) }
    },
    close: () => agents.forEach((agent) => agent.destroy()),
  }
}

function documentOf(body: Buffer, type: string): VaultAnswer['document'] {
  try {
    const parsed = type === 'application/json' ? parseExactly(body.toString('utf8')) : undefined
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
      ? parsed
      : undefined
  } catch {
    return undefined
  } finally {
    body.fill(0)
  }
}

const ledAway = (origin: string) =>
  new CofferError('unavailable', `${origin} leads on to where its cluster's leader is not.`, {
    remedy:
      'Set VAULT_ADDR to the active node, or mend what stands before it; no token went there.',
  })
