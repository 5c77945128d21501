import * as keys from '../../../../client/wire/access-keys.ts'
import { PageQuery } from '../../../../client/wire/common.ts'
import * as wire from '../../../../client/wire/app-roles.ts'
import type { ErrorCode } from '../../../../core/errors.ts'
import { absence } from '../problems.ts'
import { STORE_ERRORS } from '../refusals.ts'
import { route } from '../route.ts'

const errors: readonly ErrorCode[] = [
  ...STORE_ERRORS,
  'not_found',
  'already_exists',
  'invalid_policy',
]
const managed = { operation: 'manage', errors } as const

/** Access keys; roles of machines with their secret ids. */
export const credentialRoutes = [
  route({
    ...managed,
    method: 'GET',
    url: '/access-keys',
    operationId: 'listAccessKeys',
    summary: 'Access keys, without their secrets.',
    query: PageQuery,
    answer: { json: keys.AccessKeyPage },
    handle: ({ coffer, query }) => coffer.identities.accessKeys(query),
  }),
  route({
    ...managed,
    method: 'POST',
    url: '/access-keys',
    operationId: 'createAccessKey',
    summary: 'Make an access key for the AWS dialect. Its secret is shown once, here.',
    body: keys.AccessKeyBody,
    example: { policies: ['readers'] },
    answer: { json: keys.CreatedAccessKey },
    async handle({ coffer, body }) {
      const { record, secretAccessKey } = await coffer.identities.createAccessKey(body)
      return { record, secretAccessKey: secretAccessKey.reveal() }
    },
  }),
  route({
    ...managed,
    method: 'PATCH',
    url: '/access-keys/:id',
    operationId: 'updateAccessKey',
    summary: 'Switch an access key off or on.',
    body: keys.AccessKeyChange,
    example: { disabled: true },
    answer: { json: keys.AccessKeyRecord },
    handle: ({ coffer, params, body }) =>
      coffer.identities.updateAccessKey(params['id'] ?? '', body),
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/access-keys/:id',
    operationId: 'deleteAccessKey',
    summary: 'End an access key.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.identities.deleteAccessKey(params['id'] ?? ''),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/app-roles/:mount',
    operationId: 'listAppRoles',
    summary: 'The roles that machines log in to.',
    answer: { json: wire.AppRoles },
    handle: async ({ coffer, params }) => ({
      items: await coffer.identities.appRoles(params['mount'] ?? ''),
    }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/app-roles/:mount/:name',
    operationId: 'getAppRole',
    summary: 'One role.',
    answer: { json: wire.AppRole },
    async handle({ coffer, params }) {
      const role = await coffer.identities.appRole(...roleOf(params))
      if (role === undefined) throw absence('role')
      return role
    },
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/app-roles/:mount/:name',
    operationId: 'putAppRole',
    summary: 'Make or change a role; what is left out stays, or gets its default.',
    body: wire.AppRoleBody,
    example: { secretIdUses: 1, token: { policies: ['readers'], ttlSeconds: 600 } },
    answer: { json: wire.AppRole },
    handle({ coffer, params, body }) {
      const [mount, name] = roleOf(params)
      return coffer.identities.putAppRole({ ...body, mount, name })
    },
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/app-roles/:mount/:name',
    operationId: 'deleteAppRole',
    summary: 'Remove a role with its secret ids.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.identities.deleteAppRole(...roleOf(params)),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/app-roles/:mount/:name/secret-ids',
    operationId: 'listSecretIds',
    summary: 'The secret ids of a role, without themselves.',
    query: PageQuery,
    answer: { json: wire.SecretIdPage },
    handle: ({ coffer, params, query }) => coffer.identities.secretIds(...roleOf(params), query),
  }),
  route({
    ...managed,
    method: 'POST',
    url: '/app-roles/:mount/:name/secret-ids',
    operationId: 'createSecretId',
    summary: 'Make a secret id. It is shown once, here.',
    body: wire.SecretIdBody.optional(),
    example: { uses: 1, ttlSeconds: 600 },
    answer: { json: wire.CreatedSecretId },
    async handle({ coffer, params, body }) {
      const made = await coffer.identities.createSecretId(...roleOf(params), body)
      return { secretId: made.secretId.reveal(), record: made.record }
    },
  }),
  route({
    ...managed,
    method: 'POST',
    url: '/app-roles/:mount/:name/secret-ids/lookup',
    operationId: 'lookupSecretId',
    summary: 'What is known of a secret id.',
    body: wire.SecretIdSelector,
    example: { accessor: 'the accessor of the secret id' },
    answer: { json: wire.SecretIdRecord },
    async handle({ coffer, params, body }) {
      const record = await coffer.identities.secretId(...roleOf(params), body)
      if (record === undefined) throw absence('secret id')
      return record
    },
  }),
  route({
    ...managed,
    method: 'POST',
    url: '/app-roles/:mount/:name/secret-ids/destroy',
    operationId: 'destroySecretId',
    summary: 'End a secret id.',
    body: wire.SecretIdSelector,
    example: { accessor: 'the accessor of the secret id' },
    answer: 'nothing',
    handle: ({ coffer, params, body }) =>
      coffer.identities.destroySecretId(...roleOf(params), body),
  }),
]

const roleOf = (params: Readonly<Record<string, string>>): [string, string] => [
  params['mount'] ?? '',
  params['name'] ?? '',
]
