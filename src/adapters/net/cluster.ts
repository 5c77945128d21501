import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import type { Agent, AgentOptions } from 'node:https'
import { homedir } from 'node:os'
import path from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { exchange } from './exchange.ts'
import type { Answer } from './exchange.ts'
import { loadPeer } from './peer.ts'

/** One Kubernetes cluster, as one user of it. */
export interface Cluster {
  /** `https://10.0.0.1:6443` */
  readonly origin: string
  /** Host, port and path of it, as everybody who reaches it calls it: `10.0.0.1:6443`. */
  readonly host: string
  /** Of the context; `default` where that names none. */
  readonly namespace: string
  /** What its configuration calls the user; never a credential. */
  readonly user: string
  /** Names the kubeconfig's user without telling anything of it; another once that is another. */
  readonly fingerprint: string
  request(request: ClusterRequest): Promise<Answer>
  close(): void
}

export interface ClusterRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Encoded: `/api/v1/namespaces/shop/secrets/api?limit=5` */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: Uint8Array | undefined
  readonly timeoutMs: number
  readonly answerBytesMax: number
  readonly signal: AbortSignal
}

export interface ClusterPlace {
  readonly env: Readonly<Record<string, string | undefined>>
  /** A file; default `KUBECONFIG` (a list of them), `~/.kube/config`, then the pod's own account. */
  readonly kubeconfig?: string | undefined
  /** Default: the current one. */
  readonly context?: string | undefined
}

const KEPT = {
  keepAlive: true,
  maxSockets: LIMITS.providerCallsMax,
  minVersion: 'TLSv1.2',
} as const
const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount'
/** Credentials are looked at anew after so long, or when one is refused. */
const CREDENTIAL_MS = 60_000

/**
 * Finds the cluster as kubectl does. The kubeconfig, certificates, tokens, exec and OIDC plugins are
 * the work of the official client; requests are bounded here, since its own read any length.
 *
 * @throws CofferError `missing_dependency`, `unauthenticated` where nothing names a cluster,
 * `invalid_config` for a kubeconfig that cannot be used
 */
export async function openCluster(place: ClusterPlace): Promise<Cluster> {
  const { KubeConfig } = await loadPeer(
    '@kubernetes/client-node',
    () => import('@kubernetes/client-node'),
  )
  const config = await load(() => new KubeConfig(), place)
  const { cluster, origin, base } = reachable(config)
  const context = config.getContextObject(config.getCurrentContext())
  const trust = `Name its authority as certificate-authority of the cluster ${JSON.stringify(cluster.name)} in the kubeconfig.`
  const agents = agentsOf(config)
  let credential: Promise<Credential> | undefined
  const renew = () => {
    const renewing = credentialOf(config, agents)
    renewing.catch(() => (credential = undefined))
    return (credential = renewing)
  }
  const current = async (): Promise<Credential> => {
    const known = await (credential ?? renew())
    return performance.now() < known.untilMs ? known : renew()
  }
  return {
    origin,
    host: origin.slice(origin.indexOf('//') + 2) + base,
    namespace: context?.namespace ?? 'default',
    user: context?.user ?? '',
    // Not of what a plugin makes of it: that is another for every process.
    fingerprint: hashOf(config.getCurrentUser()).slice(0, 16),
    async request({ path: below, headers = {}, ...request }) {
      const { agent, headers: own } = await current()
      const answer = await exchange({
        ...request,
        url: origin + base + below,
        headers: { accept: 'application/json', 'user-agent': 'coffer', ...headers, ...own },
        agent,
        trust,
      })
      if (answer.status === 401) credential = undefined
      return answer
    },
    close: () => agents.close(),
  }
}

interface Credential {
  readonly agent: Agent
  readonly headers: Readonly<Record<string, string>>
  readonly untilMs: number
}

async function load(
  make: () => KubeConfig,
  { env, kubeconfig, context }: ClusterPlace,
): Promise<KubeConfig> {
  const home = path.join(env['HOME'] ?? homedir(), '.kube', 'config')
  const named = kubeconfig ?? (env['KUBECONFIG'] === '' ? undefined : env['KUBECONFIG'])
  const files =
    named?.split(path.delimiter).filter((file) => file !== '') ??
    (existsSync(home) ? [home] : undefined)
  const config = make()
  if (files !== undefined) {
    for (const [i, file] of files.entries()) {
      const one = i === 0 ? config : make()
      try {
        one.loadFromFile(file)
      } catch {
        throw unusable(`The kubeconfig ${file} cannot be read.`)
      }
      if (one !== config) config.mergeConfig(one, true)
    }
  } else if ((env['KUBERNETES_SERVICE_HOST'] ?? '') !== '' && existsSync(SERVICE_ACCOUNT)) {
    config.loadFromCluster()
  } else {
    throw new CofferError('unauthenticated', 'Nothing here names a Kubernetes cluster.', {
      remedy: 'Set KUBECONFIG, write ~/.kube/config, or run it in a pod with a service account.',
    })
  }
  if (context !== undefined) config.setCurrentContext(context)
  return config
}

function reachable(config: KubeConfig) {
  const name = config.getCurrentContext()
  const shown = JSON.stringify(name ?? '')
  if (config.getContextObject(name) === null) {
    throw unusable(`The kubeconfig has no context ${shown}.`, {
      remedy: 'Name one that `kubectl config get-contexts` lists.',
    })
  }
  const cluster = config.getCurrentCluster()
  const url = URL.canParse(cluster?.server ?? '') ? new URL(cluster!.server) : undefined
  if (cluster === null || url === undefined) {
    throw unusable(`The context ${shown} of the kubeconfig names no cluster with an address.`)
  }
  if (cluster.skipTLSVerify) {
    throw unusable(`The cluster ${JSON.stringify(cluster.name)} is set to skip TLS verification.`, {
      remedy: 'Give it a certificate-authority instead: secrets go to nobody in particular.',
    })
  }
  if (url.protocol !== 'https:') {
    throw unusable(`Secrets do not go over plain HTTP to ${url.host}.`, {
      remedy: 'Name the https:// address of the cluster in the kubeconfig.',
    })
  }
  return { cluster, origin: url.origin, base: url.pathname.replace(/\/+$/, '') }
}

type Tls = AgentOptions & { headers?: Record<string, string>; agent?: Agent; auth?: string }

async function credentialOf(config: KubeConfig, agents: Agents): Promise<Credential> {
  const options: Tls = {}
  try {
    await config.applyToHTTPSOptions(options)
  } catch {
    // What it says may hold what a plugin printed.
    throw noCredential(config)
  }
  const { auth, headers = {} } = options
  const basic: Record<string, string> =
    auth === undefined ? {} : { authorization: `Basic ${btoa(auth)}` }
  return {
    agent: await agents.of(options),
    headers: { ...headers, ...basic },
    untilMs: performance.now() + CREDENTIAL_MS,
  }
}

function noCredential(config: KubeConfig): CofferError {
  const user = config.getCurrentUser()
  const exec = user?.exec as { command?: unknown } | undefined
  const name = JSON.stringify(user?.name ?? '')
  const message =
    typeof exec?.command === 'string'
      ? `The plugin ${JSON.stringify(exec.command)} gives the user ${name} of the kubeconfig no credential.`
      : `The kubeconfig gives the user ${name} no credential now.`
  return new CofferError('unauthenticated', message, {
    remedy: 'Log in as `kubectl` asks for it (`kubectl auth whoami`), then try again.',
  })
}

interface Agents {
  of(options: Tls): Promise<Agent>
  close(): void
}

/** One for each certificate, kept as long as the cluster: another may still be in use. */
function agentsOf(config: KubeConfig): Agents {
  const agents = new Map<string, Agent>()
  const proxied = (config.getCurrentCluster()?.proxyUrl ?? '') !== ''
  return {
    async of({ ca, cert, key, servername, agent }) {
      const name = hashOf([ca, cert, key, servername].map(String))
      const known = agents.get(name)
      if (known !== undefined) return known
      const https = await import('node:https')
      // The client's own agent keeps no connection; it is for proxies only.
      const made =
        proxied && agent !== undefined
          ? agent
          : new https.Agent({ ...KEPT, ca, cert, key, servername })
      agents.set(name, made)
      return made
    },
    close: () => agents.forEach((agent) => agent.destroy()),
  }
}

const hashOf = (value: unknown) => createHash('sha256').update(JSON.stringify(value)).digest('hex')

const unusable = (message: string, options: { remedy?: string } = {}) =>
  new CofferError('invalid_config', message, {
    remedy: 'Correct the kubeconfig; `kubectl config view` shows what it holds.',
    ...options,
  })
