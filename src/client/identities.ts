import { isCofferError } from '../core/errors.ts'
import type { Page, PageQuery } from '../core/ports/coffer.ts'
import type {
  AccessKeyRecord,
  AppRole,
  CreatedToken,
  IdentityAdmin,
  JwtIssuer,
  JwtRole,
  SecretIdRecord,
  TokenRecord,
} from '../core/ports/identities.ts'
import { textSecret } from '../core/secret.ts'
import type { Caller, Request } from './caller.ts'
import { listOf, numberOf, objectOf, pageOf, part } from './document.ts'
import { isAbsence } from './wire/error.ts'

/** Tokens, access keys, roles and issuers. What is shown once comes back as a `Secret`. */
export function createIdentityAdmin(caller: Caller): IdentityAdmin {
  const get = (path: string) => caller.json({ method: 'GET', path, repeatable: true })
  const page = async <T>(path: string, { cursor, limit }: PageQuery = {}): Promise<Page<T>> => {
    const query = { cursor, limit: numberOf('limit', limit) }
    return pageOf<T>(await caller.json({ method: 'GET', path, query, repeatable: true }))
  }
  const post = (path: string, body: object, more: Partial<Request> = {}) =>
    caller.json({ method: 'POST', path, body, ...more })
  const put = (path: string, body: object) =>
    caller.json({ method: 'PUT', path, body, repeatable: true })
  const remove = async (path: string): Promise<void> => {
    await caller.json({ method: 'DELETE', path })
  }
  const maybe = async <T>(work: Promise<unknown>): Promise<T | undefined> => {
    try {
      return objectOf<T>(await work)
    } catch (error) {
      if (isCofferError(error) && isAbsence(error)) return undefined
      throw error
    }
  }
  const appRole = (mount: string, name: string) => `/app-roles/${part(mount)}/${part(name)}`
  const jwtRole = (mount: string, name: string) => `/jwt/${part(mount)}/roles/${part(name)}`

  return {
    createToken: async (input) => createdToken(await post('/tokens', input)),
    async renewToken(which, incrementSeconds) {
      const record = await post('/tokens/renew', { ...which, incrementSeconds })
      return objectOf<TokenRecord>(record, 'accessor')
    },
    lookupToken: async (which) => maybe(post('/tokens/lookup', which, { repeatable: true })),
    async revokeToken(which, { orphanChildren } = {}) {
      await post('/tokens/revoke', { ...which, orphanChildren })
    },
    tokens: (query) => page('/tokens', query),

    async createAccessKey(input) {
      const created = objectOf<{ record: AccessKeyRecord; secretAccessKey: string }>(
        await post('/access-keys', input),
        'record',
        'secretAccessKey',
      )
      const { record, secretAccessKey } = created
      return { record, secretAccessKey: textSecret(record.id, secretAccessKey) }
    },
    accessKeys: (query) => page('/access-keys', query),
    async updateAccessKey(id, change) {
      const path = `/access-keys/${part(id)}`
      return objectOf<AccessKeyRecord>(
        await caller.json({ method: 'PATCH', path, body: change, repeatable: true }),
        'id',
      )
    },
    deleteAccessKey: async (id) => remove(`/access-keys/${part(id)}`),

    async putAppRole({ mount, name, ...body }) {
      return objectOf<AppRole>(await put(appRole(mount, name), body), 'roleId')
    },
    appRole: async (mount, name) => maybe<AppRole>(get(appRole(mount, name))),
    appRoles: async (mount) => listOf(await get(`/app-roles/${part(mount)}`)),
    deleteAppRole: async (mount, name) => remove(appRole(mount, name)),
    async createSecretId(mount, role, input = {}) {
      const created = objectOf<{ record: SecretIdRecord; secretId: string }>(
        await post(`${appRole(mount, role)}/secret-ids`, input),
        'record',
        'secretId',
      )
      return { record: created.record, secretId: textSecret('secret id', created.secretId) }
    },
    secretId: async (mount, role, which) =>
      maybe(post(`${appRole(mount, role)}/secret-ids/lookup`, which, { repeatable: true })),
    secretIds: (mount, role, query) => page(`${appRole(mount, role)}/secret-ids`, query),
    async destroySecretId(mount, role, which) {
      await post(`${appRole(mount, role)}/secret-ids/destroy`, which)
    },

    async putJwtIssuer({ mount, ...body }) {
      await put(`/jwt/${part(mount)}`, body)
    },
    jwtIssuer: async (mount) => maybe<JwtIssuer>(get(`/jwt/${part(mount)}`)),
    jwtIssuers: async () => listOf(await get('/jwt')),
    deleteJwtIssuer: async (mount) => remove(`/jwt/${part(mount)}`),
    async putJwtRole({ mount, name, ...body }) {
      return objectOf<JwtRole>(await put(jwtRole(mount, name), body), 'userClaim')
    },
    jwtRole: async (mount, name) => maybe<JwtRole>(get(jwtRole(mount, name))),
    jwtRoles: async (mount) => listOf(await get(`/jwt/${part(mount)}/roles`)),
    deleteJwtRole: async (mount, name) => remove(jwtRole(mount, name)),
  }
}

export function createdToken(document: unknown): CreatedToken {
  const created = objectOf<{ token: string; record: TokenRecord }>(document, 'token', 'record')
  return { record: created.record, token: textSecret('token', created.token) }
}
