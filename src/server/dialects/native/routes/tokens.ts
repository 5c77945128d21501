import { PageQuery } from '../../../../client/wire/common.ts'
import * as wire from '../../../../client/wire/tokens.ts'
import type { ErrorCode } from '../../../../core/errors.ts'
import type { CreatedToken } from '../../../../core/ports/identities.ts'
import { loggingIn } from '../../../caller.ts'
import { absence } from '../problems.ts'
import { STORE_ERRORS } from '../refusals.ts'
import { VIA, openRoute, route } from '../route.ts'

const errors: readonly ErrorCode[] = [
  ...STORE_ERRORS,
  'failed_precondition',
  'not_found',
  'invalid_policy',
]

/** Tokens, and what one logs in with to get one. */
export const tokenRoutes = [
  route({
    method: 'POST',
    url: '/tokens',
    operation: 'manage',
    operationId: 'createToken',
    summary: 'Make a token. It is shown once, here.',
    body: wire.TokenBody,
    example: { policies: ['readers'], ttlSeconds: 3600 },
    answer: { json: wire.CreatedToken },
    errors,
    handle: async ({ coffer, body }) => shown(await coffer.identities.createToken(body)),
  }),
  route({
    method: 'GET',
    url: '/tokens',
    operation: 'manage',
    operationId: 'listTokens',
    summary: 'Tokens that are good, without themselves.',
    query: PageQuery,
    answer: { json: wire.TokenPage },
    errors: [],
    handle: ({ coffer, query }) => coffer.identities.tokens(query),
  }),
  route({
    method: 'POST',
    url: '/tokens/lookup',
    operation: 'manage',
    operationId: 'lookupToken',
    summary: 'What is known of a token: itself, its accessor, or the one that asks.',
    body: wire.LookupBody,
    example: { self: true },
    answer: { json: wire.TokenRecord },
    errors,
    async handle({ coffer, body }) {
      const record = await coffer.identities.lookupToken(body)
      if (record === undefined) throw absence('token')
      return record
    },
  }),
  route({
    method: 'POST',
    url: '/tokens/renew',
    operation: 'manage',
    operationId: 'renewToken',
    summary: 'Let a token live longer, within its maximum.',
    body: wire.RenewBody,
    example: { self: true, incrementSeconds: 3600 },
    answer: { json: wire.TokenRecord },
    errors,
    handle: ({ coffer, body: { incrementSeconds, ...which } }) =>
      coffer.identities.renewToken(which, incrementSeconds),
  }),
  route({
    method: 'POST',
    url: '/tokens/revoke',
    operation: 'manage',
    operationId: 'revokeToken',
    summary: 'End a token with all that it made.',
    body: wire.RevokeBody,
    example: { accessor: 'the accessor of the token' },
    answer: 'nothing',
    errors,
    handle: ({ coffer, body: { orphanChildren, ...which } }) =>
      coffer.identities.revokeToken(which, orphanChildren === undefined ? {} : { orphanChildren }),
  }),
  route({
    method: 'GET',
    url: '/self',
    operation: 'read',
    operationId: 'self',
    summary: 'Who asks.',
    answer: { json: wire.Self },
    errors: [],
    handle: async ({ session: { actor, grants, token } }) => ({ actor, grants, token }),
  }),
  openRoute({
    method: 'POST',
    url: '/login/approle',
    operation: 'login',
    operationId: 'loginAppRole',
    summary: 'A token for a role id and a secret id.',
    body: wire.AppRoleLoginBody,
    example: { roleId: 'the id of the role', secretId: 'a secret id of it' },
    answer: { json: wire.CreatedToken },
    errors: [...STORE_ERRORS, 'unauthenticated'],
    async handle({ server, request, body: { mount = 'approle', roleId, secretId } }) {
      const from = { address: request.ip, via: VIA, request: request.id }
      const { identities } = server.gate.platform()
      const login = () => identities.loginAppRole({ mount, roleId, secretId }, from)
      return shown(await loggingIn(server, request, VIA, roleId, login))
    },
  }),
  openRoute({
    method: 'POST',
    url: '/login/jwt',
    operation: 'login',
    operationId: 'loginJwt',
    summary: 'A token for the JWT of an issuer that is trusted.',
    body: wire.JwtLoginBody,
    example: { role: 'deploy', jwt: 'the JWT' },
    answer: { json: wire.CreatedToken },
    errors: [...STORE_ERRORS, 'unauthenticated'],
    async handle({ server, request, body: { mount = 'jwt', role, jwt } }) {
      const from = { address: request.ip, via: VIA, request: request.id }
      const { identities } = server.gate.platform()
      const login = () => identities.loginJwt({ mount, role, jwt }, from)
      return shown(await loggingIn(server, request, VIA, `${mount}/${role ?? ''}`, login))
    },
  }),
]

const shown = ({ token, record }: CreatedToken) => ({ token: token.reveal(), record })
