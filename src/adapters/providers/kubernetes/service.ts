import { isUtf8 } from 'node:buffer'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import type { ProviderValue } from '../../../core/ports/provider.ts'
import { textSecret } from '../../../core/secret.ts'
import { openCluster } from '../../net/cluster.ts'
import type { Cluster } from '../../net/cluster.ts'
import type { Answer } from '../../net/exchange.ts'
import { contentSecret } from '../content.ts'
import type { ProviderContext } from '../context.ts'
import { answerEach, documentOf } from '../opened.ts'
import type { OpenedService } from '../opened.ts'
import { parseKey } from './key.ts'
import type { SecretKey } from './key.ts'

/** @throws CofferError as `openCluster` */
export async function openKubernetes({ env, options }: ProviderContext): Promise<OpenedService> {
  const { kubeconfig, context } = options
  const cluster = await openCluster({ env, kubeconfig, context })
  const home = options['namespace'] ?? cluster.namespace
  return {
    scope: [cluster.origin, cluster.user, cluster.fingerprint].join('|'),
    where: `${cluster.origin}, namespace ${home} where the reference names none`,
    async call(refs, signal) {
      const reading = new Map<string, Promise<Data | undefined>>()
      let first: Promise<CofferError | undefined> | undefined
      // Whoever is nobody there is told so once: the others wait for the first.
      const begin = async (place: string, key: SecretKey) => {
        const unknown = await first
        if (unknown !== undefined) throw unknown
        return readSecret(cluster, place, key, signal)
      }
      const read = (key: SecretKey) => {
        const place = `${key.namespace}/${key.name}`
        const known = reading.get(place) ?? begin(place, key)
        reading.set(place, known)
        first ??= known.then(
          () => undefined,
          (error: unknown) => (isCofferError(error, 'unauthenticated') ? error : undefined),
        )
        return known
      }
      return answerEach(refs, async (ref) => {
        const key = parseKey(ref, home)
        return valueOf(await read(key), key)
      })
    },
    close: () => cluster.close(),
  }
}

type Data = Readonly<Record<string, Uint8Array>>

async function readSecret(
  cluster: Cluster,
  place: string,
  { namespace, name }: SecretKey,
  signal: AbortSignal,
): Promise<Data | undefined> {
  const answer = await cluster.request({
    method: 'GET',
    path: `/api/v1/namespaces/${namespace}/secrets/${name}`,
    timeoutMs: LIMITS.providerCallTimeoutMs,
    answerBytesMax: LIMITS.documentBytesMax,
    signal,
  })
  if (answer.status !== 200) return refusalOf(answer, cluster, place)
  const document = documentOf(answer, cluster.origin) as Partial<Record<string, unknown>> | null
  const held = document?.['data'] ?? {}
  if (document?.['kind'] !== 'Secret' || typeof held !== 'object') throw damaged(place)
  const data: [string, Uint8Array][] = []
  for (const [member, text] of Object.entries(held)) {
    if (typeof text !== 'string') throw damaged(place)
    const bytes = Uint8Array.from(Buffer.from(text, 'base64'))
    if (Buffer.from(bytes).toString('base64') !== text) throw damaged(place)
    data.push([member, bytes])
  }
  return Object.fromEntries(data)
}

function valueOf(
  data: Data | undefined,
  { namespace, name, member }: SecretKey,
): ProviderValue | undefined {
  if (data === undefined) return undefined
  const shown = `kubernetes:${namespace}/${name}`
  if (member !== undefined) {
    const bytes = Object.hasOwn(data, member) ? data[member] : undefined
    return bytes && { secret: contentSecret(`${shown}/${member}`, bytes) }
  }
  const text = Object.entries(data).map(([key, bytes]) => {
    if (isUtf8(bytes)) return [key, Buffer.from(bytes).toString('utf8')]
    throw new CofferError('invalid_value', `The data key ${key} of ${shown} is not text.`, {
      remedy: `Name the data key that is wanted: ${shown}/${key}.`,
    })
  })
  return { secret: textSecret(shown, JSON.stringify(Object.fromEntries(text))) }
}

/** Of the status, and of the reason that the API gives; nothing else of the answer is looked at. */
function refusalOf(answer: Answer, { origin, user }: Cluster, place: string): undefined {
  const { status, retryAfterMs } = answer
  const details = { status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
  const raise = (code: 'unavailable' | 'throttled', why: string): never => {
    throw new CofferError(code, `The cluster ${origin} ${why}.`, { details })
  }
  if (status === 404) {
    const told = documentOf(answer, origin) as { reason?: unknown; details?: { kind?: unknown } }
    if (told.reason === 'NotFound' && told.details?.kind === 'secrets') return undefined
    return raise('unavailable', 'knows no Secrets: it is no Kubernetes API, or a proxy before one')
  }
  answer.body.fill(0)
  const shown = JSON.stringify(user)
  if (status === 401) {
    throw new CofferError('unauthenticated', `The cluster ${origin} does not know who asks.`, {
      remedy: `Renew the credential of the user ${shown} in the kubeconfig; see \`kubectl auth whoami\`.`,
    })
  }
  if (status === 403) {
    const [namespace, name] = place.split('/')
    throw new CofferError('denied', `The user ${shown} may not get the Secret ${place}.`, {
      remedy: `Bind a Role that may \`get\` it; try \`kubectl auth can-i get secrets/${name} -n ${namespace}\`.`,
      details,
    })
  }
  if (status === 429) return raise('throttled', 'asks to come back later (429)')
  return raise('unavailable', `answered ${status}`)
}

const damaged = (place: string) =>
  new CofferError('corrupt', `What the cluster answered for ${place} is no Secret.`, {
    remedy:
      'Look at it with `kubectl get secret`; a proxy or an API extension may stand before it.',
  })
