import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { AccessAdmin, AccessAnswer, ActorRecord, Role } from '../core/ports/coffer.ts'
import type { Policy } from '../core/policy/policy.ts'
import type { Caller } from './caller.ts'
import { listOf, objectOf, part } from './document.ts'

/** Policies, roles and actors. */
export function createAccessAdmin(caller: Caller): AccessAdmin {
  const all = async <T>(path: string) =>
    listOf<T>(await caller.json({ method: 'GET', path, repeatable: true }))
  const put = async (path: string, body: object) => {
    await caller.json({ method: 'PUT', path, body, repeatable: true })
  }
  const remove = async (path: string) => {
    await caller.json({ method: 'DELETE', path })
  }

  return {
    policies: () => all<Policy>('/policies'),
    async putPolicy(policy) {
      const { parsePolicy } = await import('../core/policy/validate.ts')
      const { name, ...body } = parsePolicy(policy)
      await put(`/policies/${part(name)}`, body)
    },
    deletePolicy: async (name) => remove(`/policies/${await accessName(name)}`),
    roles: () => all<Role>('/roles'),
    putRole: async ({ name, ...body }) => put(`/roles/${await accessName(name)}`, body),
    deleteRole: async (name) => remove(`/roles/${await accessName(name)}`),
    actors: () => all<ActorRecord>('/actors'),
    putActor: async ({ name, ...body }) => put(`/actors/${actorName(name)}`, body),
    deleteActor: async (name) => remove(`/actors/${actorName(name)}`),
    async test(question) {
      const request = { method: 'POST', path: '/access/test', body: question } as const
      const answer = await caller.json({ ...request, repeatable: true })
      return objectOf<AccessAnswer>(answer, 'allowed', 'reasons')
    },
    async who(action, path, destination) {
      const query = { action, path, destination }
      const request = { method: 'GET', path: '/access/who', query } as const
      return listOf(await caller.json({ ...request, repeatable: true }))
    },
  }
}

async function accessName(name: string): Promise<string> {
  const { checkAccessName } = await import('../core/policy/validate.ts')
  return part(checkAccessName('name', name))
}

function actorName(name: string): string {
  if (typeof name === 'string' && name.length <= LIMITS.actorCharsMax) return part(name)
  throw new CofferError('invalid_argument', 'An actor is written kind:name, as service:ci.')
}
