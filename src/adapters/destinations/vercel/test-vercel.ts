import { testHost } from '../test-host.ts'
import type { HostAnswer, HostRequest, TestHost } from '../test-host.ts'

/**
 * The endpoints of Vercel's REST API for a project's variables, written after its published
 * description (as @vercel/sdk types it) and documentation. Knows the project prj_1, called shop, of
 * team_1, with the custom environment staging.
 */
export interface TestVercel extends TestHost {
  readonly variables: StoredVariable[]
  /** Puts one there as somebody would by hand. */
  add(variable: Partial<StoredVariable> & { key: string }): StoredVariable
  /** So many variables of production are hidden from the token. */
  hide(count: number): void
}

export interface StoredVariable {
  id: string
  key: string
  value: string
  type: string
  target: string[]
  customEnvironmentIds: string[]
  gitBranch?: string
  comment?: string
  createdAt: number
  updatedAt: number
}

export const TOKEN = 'vcp_test'

export async function testVercel(): Promise<TestVercel> {
  const variables: StoredVariable[] = []
  let [ids, now, hidden] = [0, Date.UTC(2026, 0, 1), 0]

  const add: TestVercel['add'] = (given) => {
    now += 1
    const variable: StoredVariable = {
      id: `v${(ids += 1)}`,
      value: '',
      type: 'encrypted',
      target: given.customEnvironmentIds === undefined ? ['production'] : [],
      customEnvironmentIds: [],
      createdAt: now,
      updatedAt: now,
      ...given,
    }
    variables.push(variable)
    return variable
  }

  const answer = (request: HostRequest): HostAnswer => {
    if (request.path === '/v1/integrations/deploy/prj_1/hook') {
      return request.method === 'POST'
        ? { status: 201, body: { job: { id: 'j' } } }
        : says(405, 'no')
    }
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return says(403, 'forbidden', { invalidToken: true })
    }
    if (request.query.get('teamId') !== 'team_1' && request.query.get('slug') !== 'acme') {
      return says(404, 'not_found')
    }
    const [, project, rest = ''] = /^\/v(?:9|10)\/projects\/([^/]+)\/(.*)$/.exec(request.path) ?? []
    if (project !== 'prj_1' && project !== 'shop') return says(404, 'not_found')
    if (rest === 'custom-environments') {
      return { status: 200, body: { accountLimit: { total: 12 }, environments: ENVIRONMENTS } }
    }
    const id = /^env\/(.+)$/.exec(rest)?.[1]
    if (id !== undefined) return one(request, id)
    if (rest !== 'env' || !request.path.startsWith('/v10/')) return says(404, 'not_found')
    if (request.method === 'POST') return create(request.body)
    const envs = variables.map(show)
    const pagination = { count: envs.length, next: null, prev: null }
    const more = hidden > 0 ? { hiddenProductionEnvCount: hidden } : { pagination }
    return { status: 200, body: { envs, ...more } }
  }

  function one({ method, body }: HostRequest, id: string): HostAnswer {
    const at = variables.findIndex((variable) => variable.id === id)
    const variable = variables[at]
    if (variable === undefined) return says(404, 'ENV_NOT_FOUND')
    if (method === 'DELETE') {
      variables.splice(at, 1)
      return { status: 200, body: show(variable) }
    }
    const change = body as Partial<StoredVariable>
    const problem = problemOf({ ...variable, ...change })
    if (problem !== undefined) return says(400, problem)
    Object.assign(variable, change, { updatedAt: (now += 1) })
    return { status: 200, body: show(variable) }
  }

  function create(body: unknown): HostAnswer {
    const asked = (Array.isArray(body) ? body : [body]) as StoredVariable[]
    const problem = asked.map(problemOf).find((code) => code !== undefined)
    if (problem !== undefined) return says(400, problem)
    const failed: unknown[] = []
    const created: unknown[] = []
    for (const one of asked) {
      const taken = variables.find((other) => other.key === one.key && overlap(one, other))
      if (taken === undefined) created.push(show(add(one)))
      else {
        const error = {
          code: 'ENV_CONFLICT',
          message: 'taken',
          envVarId: taken.id,
          envVarKey: one.key,
        }
        failed.push({ error })
      }
    }
    return { status: 201, body: { created, failed } }
  }

  const host = await testHost(answer, {
    denied: says(403, 'forbidden'),
    throttled: {
      ...says(429, 'rate_limited'),
      headers: { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' },
    },
  })
  return Object.assign(host, {
    variables,
    add,
    hide: (count: number) => void (hidden = count),
  })
}

const ENVIRONMENTS = [{ id: 'env_9', slug: 'staging', type: 'preview', createdAt: 1, updatedAt: 1 }]

const says = (status: number, code: string, more: object = {}): HostAnswer => ({
  status,
  body: { error: { code, message: 'A message that nobody repeats.', ...more } },
})

function problemOf({ key, value, type, target, comment }: Partial<StoredVariable>) {
  if (!/^[A-Za-z_]\w*$/.test(key ?? '') || Buffer.byteLength(value ?? '') > 65_536)
    return 'BAD_REQUEST'
  if (type === 'sensitive' && target?.includes('development') === true) return 'BAD_REQUEST'
  return (comment ?? '').length > 500 ? 'BAD_REQUEST' : undefined
}

const overlap = (one: Partial<StoredVariable>, other: StoredVariable): boolean =>
  one.gitBranch === other.gitBranch &&
  ((one.target ?? []).some((target) => other.target.includes(target)) ||
    (one.customEnvironmentIds ?? []).some((id) => other.customEnvironmentIds.includes(id)))

/** A sensitive value is not shown, and another one as it is kept. */
const show = (variable: StoredVariable): object => ({
  securityIssues: [],
  ...variable,
  value: variable.type === 'plain' ? variable.value : variable.type === 'sensitive' ? '' : 'eyJ2…',
})
