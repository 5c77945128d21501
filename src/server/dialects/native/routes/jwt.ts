import * as wire from '../../../../client/wire/jwt.ts'
import type { ErrorCode } from '../../../../core/errors.ts'
import { absence } from '../problems.ts'
import { STORE_ERRORS } from '../refusals.ts'
import { route } from '../route.ts'

const errors: readonly ErrorCode[] = [...STORE_ERRORS, 'not_found', 'invalid_policy']
const managed = { operation: 'manage', errors } as const

/** Issuers of JWTs, and the roles that their bearers log in to. */
export const jwtRoutes = [
  route({
    ...managed,
    method: 'GET',
    url: '/jwt',
    operationId: 'listJwtIssuers',
    summary: 'The issuers whose JWTs are taken.',
    answer: { json: wire.JwtIssuers },
    handle: async ({ coffer }) => ({ items: await coffer.identities.jwtIssuers() }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/jwt/:mount',
    operationId: 'getJwtIssuer',
    summary: 'One issuer.',
    answer: { json: wire.JwtIssuer },
    async handle({ coffer, params }) {
      const issuer = await coffer.identities.jwtIssuer(params['mount'] ?? '')
      if (issuer === undefined) throw absence('issuer')
      return issuer
    },
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/jwt/:mount',
    operationId: 'putJwtIssuer',
    summary: 'Trust an issuer, with exactly one source of its keys.',
    body: wire.JwtIssuerBody,
    example: { discoveryUrl: 'https://token.actions.githubusercontent.com' },
    answer: 'nothing',
    handle: ({ coffer, params, body }) =>
      coffer.identities.putJwtIssuer({ ...body, mount: params['mount'] ?? '' }),
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/jwt/:mount',
    operationId: 'deleteJwtIssuer',
    summary: 'Trust an issuer no more.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.identities.deleteJwtIssuer(params['mount'] ?? ''),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/jwt/:mount/roles',
    operationId: 'listJwtRoles',
    summary: 'The roles of an issuer.',
    answer: { json: wire.JwtRoles },
    handle: async ({ coffer, params }) => ({
      items: await coffer.identities.jwtRoles(params['mount'] ?? ''),
    }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/jwt/:mount/roles/:name',
    operationId: 'getJwtRole',
    summary: 'One role of an issuer.',
    answer: { json: wire.JwtRole },
    async handle({ coffer, params }) {
      const role = await coffer.identities.jwtRole(...roleOf(params))
      if (role === undefined) throw absence('role')
      return role
    },
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/jwt/:mount/roles/:name',
    operationId: 'putJwtRole',
    summary: 'Make or change a role; what is left out stays, or gets its default.',
    body: wire.JwtRoleBody,
    example: {
      boundAudiences: ['https://coffer.example'],
      boundClaims: { repository: 'shop/web' },
      token: { policies: ['readers'] },
    },
    answer: { json: wire.JwtRole },
    handle({ coffer, params, body }) {
      const [mount, name] = roleOf(params)
      return coffer.identities.putJwtRole({ ...body, mount, name })
    },
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/jwt/:mount/roles/:name',
    operationId: 'deleteJwtRole',
    summary: 'Remove a role of an issuer.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.identities.deleteJwtRole(...roleOf(params)),
  }),
]

const roleOf = (params: Readonly<Record<string, string>>): [string, string] => [
  params['mount'] ?? '',
  params['name'] ?? '',
]
