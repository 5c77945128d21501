import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { testAuthority } from '../../net/test-tls.ts'
import { applied, merged, newObject } from './test-fields.ts'
import type { Stored } from './test-fields.ts'

/**
 * An API server as far as Secrets and workloads need it, made from the published contract
 * (Kubernetes API concepts, Server-Side Apply, 1.34): resource versions, field managers, conflicts,
 * validation. The adapter was tried against a kube-apiserver, which this does not replace.
 */
export interface TestCluster {
  readonly kubeconfig: string
  readonly host: string
  readonly objects: Map<string, Stored>
  readonly requests: { method: string; url: string; type: string }[]
  /** Called before each request is answered; true: it has answered, or never will. */
  before: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  /** Called after a request was carried out and before its answer is sent. */
  after: ((request: IncomingMessage, response: ServerResponse) => boolean) | undefined
  write(key: string, change: Fields, manager?: string): void
  close(): Promise<void>
}

type Fields = Record<string, unknown>
const NAMESPACES = ['default', 'shop']
const TOKEN = 'test-token'

export async function testCluster(): Promise<TestCluster> {
  const objects = new Map<string, Stored>()
  let version = 100
  const put = (key: string, next: Stored, before: Stored | undefined) => {
    if (before !== undefined && JSON.stringify(before.object) === JSON.stringify(next.object)) {
      objects.set(key, { ...next, version: before.version })
      return
    }
    objects.set(key, { ...next, version: ++version })
  }

  function carryOut(method: string, url: URL, type: string, body: Fields): [number, unknown] {
    const key = url.pathname
    const namespace = /\/namespaces\/([^/]+)/.exec(key)?.[1] ?? ''
    if (key === `/api/v1/namespaces/${namespace}`) {
      return NAMESPACES.includes(namespace) ? [200, { kind: 'Namespace', metadata: {} }] : NOT_FOUND
    }
    const found = objects.get(key)
    if (method === 'GET') return found === undefined ? NOT_FOUND : [200, shown(found)]
    if (!NAMESPACES.includes(namespace)) return NOT_FOUND
    const isApply = type === 'application/apply-patch+yaml'
    if (found === undefined && !isApply) return NOT_FOUND
    const wanted = (body['metadata'] as Fields | undefined)?.['resourceVersion']
    if (found !== undefined && wanted !== undefined && wanted !== String(found.version))
      return CONFLICT
    const manager = url.searchParams.get('fieldManager') ?? ''
    if (manager === '') return [400, status('fieldManager is required')]
    const next = isApply
      ? applied(found ?? newObject(), body, manager, url.searchParams.get('force') === 'true')
      : merged(found ?? newObject(), body, manager)
    if (next === 'conflict') return CONFLICT
    const refusal = refusalOf(found, next)
    if (refusal !== undefined) return [422, status(refusal)]
    put(key, next, found)
    return [found === undefined ? 201 : 200, shown(objects.get(key) ?? next)]
  }

  const { ca, certificate } = testAuthority()
  const server = createServer(certificate(['127.0.0.1']), (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const type = headers['content-type'] ?? ''
      cluster.requests.push({ method, url, type })
      if (cluster.before?.(request, response) === true) return
      if (headers.authorization !== `Bearer ${TOKEN}`) return answer(response, 401, status('who?'))
      const text = Buffer.concat(chunks).toString()
      const body = text === '' ? {} : (JSON.parse(text) as Fields)
      const [code, says] = carryOut(method, new URL(url, 'http://cluster'), type, body)
      if (cluster.after?.(request, response) === true) return
      answer(response, code, says)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const cluster: TestCluster = {
    kubeconfig: kubeconfigOf(host, ca),
    host,
    objects,
    requests: [],
    before: undefined,
    after: undefined,
    write: (key, change, manager = 'kubectl-edit') => {
      const found = objects.get(key)
      put(key, merged(found ?? newObject(), change, manager), found)
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        rmSync(path.dirname(cluster.kubeconfig), { recursive: true })
        server.close(() => resolve())
      }),
  }
  return cluster
}

export function answer(response: ServerResponse, code: number, body: unknown, headers = {}): void {
  response.writeHead(code, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

const status = (message: string) => ({ kind: 'Status', status: 'Failure', message })
const NOT_FOUND: [number, unknown] = [404, status('not found')]
const CONFLICT: [number, unknown] = [409, status('the object has been modified')]

const shown = ({ object, version, managers }: Stored) => ({
  ...object,
  metadata: {
    ...(object['metadata'] as Fields),
    resourceVersion: String(version),
    managedFields: managers.map(({ manager, operation, fields }) => ({
      manager,
      operation,
      fieldsV1: {
        'f:data': Object.fromEntries(
          fields.filter((f) => f[0] === 'data').map((f) => [`f:${f[1]}`, {}]),
        ),
      },
    })),
  },
})

/** What validation of Secrets says (pkg/apis/core/validation). */
function refusalOf(before: Stored | undefined, { object }: Stored): string | undefined {
  if (object['kind'] !== 'Secret') return undefined
  const data = Object.entries((object['data'] ?? {}) as Record<string, string>)
  const bytes = data.reduce((sum, [, text]) => sum + Buffer.from(text, 'base64').length, 0)
  if (bytes > 1_048_576) return 'data: Too long'
  if (data.some(([key]) => !/^[-._a-zA-Z0-9]{1,253}$/.test(key) || /^\.(?:$|\.)/.test(key)))
    return 'data: Invalid value'
  if (before !== undefined && before.object['type'] !== object['type']) return 'type: immutable'
  if (before?.object['immutable'] === true && before.object['data'] !== object['data'])
    return 'data: immutable'
  const names = data.map(([key]) => key)
  if (
    object['type'] === 'kubernetes.io/tls' &&
    !['tls.crt', 'tls.key'].every((k) => names.includes(k))
  )
    return 'data: Required value'
  return undefined
}

function kubeconfigOf(host: string, ca: string): string {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'coffer-kube-')), 'config')
  const config = {
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    clusters: [
      {
        name: 'test',
        cluster: { server: `https://${host}`, 'certificate-authority-data': btoa(ca) },
      },
    ],
    users: [{ name: 'test', user: { token: TOKEN } }],
  }
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 })
  return file
}
