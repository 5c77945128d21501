import * as wire from '../../../../client/wire/access.ts'
import type { Policy } from '../../../../core/policy/policy.ts'
import { absence } from '../problems.ts'
import { ACCESS_ERRORS, PATH_ERRORS } from '../refusals.ts'
import { route } from '../route.ts'

const managed = { operation: 'manage', errors: ACCESS_ERRORS } as const

/** Policies, roles and actors, and what they amount to. */
export const accessRoutes = [
  route({
    ...managed,
    method: 'GET',
    url: '/policies',
    operationId: 'listPolicies',
    summary: 'All policies, built-in ones included.',
    answer: { json: wire.Policies },
    handle: async ({ coffer }) => ({ items: await coffer.access.policies() }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/policies/:name',
    operationId: 'getPolicy',
    summary: 'One policy.',
    answer: { json: wire.Policy },
    handle: async ({ coffer, params }) => named(await coffer.access.policies(), params),
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/policies/:name',
    operationId: 'putPolicy',
    summary: 'Make or replace a policy.',
    body: wire.PolicyBody,
    judgedByEngine: true,
    example: { rules: [{ effect: 'allow', actions: ['read'], paths: ['shop/prod/**'] }] },
    answer: 'nothing',
    handle: ({ coffer, params, body }) => coffer.access.putPolicy(withName(body, params)),
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/policies/:name',
    operationId: 'deletePolicy',
    summary: 'Remove a policy.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.access.deletePolicy(params['name'] ?? ''),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/roles',
    operationId: 'listRoles',
    summary: 'All roles: named sets of policies.',
    answer: { json: wire.Roles },
    handle: async ({ coffer }) => ({ items: await coffer.access.roles() }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/roles/:name',
    operationId: 'getRole',
    summary: 'One role.',
    answer: { json: wire.Role },
    handle: async ({ coffer, params }) => named(await coffer.access.roles(), params),
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/roles/:name',
    operationId: 'putRole',
    summary: 'Make or replace a role.',
    body: wire.RoleBody,
    example: { policies: ['readers'] },
    answer: 'nothing',
    handle: ({ coffer, params, body }) =>
      coffer.access.putRole({ ...body, name: params['name'] ?? '' }),
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/roles/:name',
    operationId: 'deleteRole',
    summary: 'Remove a role.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.access.deleteRole(params['name'] ?? ''),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/actors',
    operationId: 'listActors',
    summary: 'All actors with what they were given.',
    answer: { json: wire.Actors },
    handle: async ({ coffer }) => ({ items: await coffer.access.actors() }),
  }),
  route({
    ...managed,
    method: 'GET',
    url: '/actors/:name',
    operationId: 'getActor',
    summary: 'One actor.',
    answer: { json: wire.Actor },
    handle: async ({ coffer, params }) => named(await coffer.access.actors(), params),
  }),
  route({
    ...managed,
    method: 'PUT',
    url: '/actors/:name',
    operationId: 'putActor',
    summary: 'Give an actor policies and roles, instead of what it had.',
    body: wire.ActorBody,
    example: { policies: ['readers'], roles: [] },
    answer: 'nothing',
    handle: ({ coffer, params, body }) =>
      coffer.access.putActor({ ...body, name: params['name'] ?? '' }),
  }),
  route({
    ...managed,
    method: 'DELETE',
    url: '/actors/:name',
    operationId: 'deleteActor',
    summary: 'Take everything from an actor.',
    answer: 'nothing',
    handle: ({ coffer, params }) => coffer.access.deleteActor(params['name'] ?? ''),
  }),
  route({
    operation: 'manage',
    errors: PATH_ERRORS,
    method: 'POST',
    url: '/access/test',
    operationId: 'testAccess',
    summary: 'Would it be allowed, and which rule says so. About oneself, anybody may ask.',
    body: wire.AccessQuestion,
    example: { actor: 'service:ci', action: 'read', path: 'shop/prod/api/stripe-key' },
    answer: { json: wire.AccessAnswer },
    handle: ({ coffer, body }) => coffer.access.test(body),
  }),
  route({
    operation: 'manage',
    errors: PATH_ERRORS,
    method: 'GET',
    url: '/access/who',
    operationId: 'whoMay',
    summary: 'Every known actor with its answer for an action and a path.',
    query: wire.WhoQuery,
    answer: { json: wire.WhoAnswer },
    handle: async ({ coffer, query: { action, path, destination } }) => ({
      items: await coffer.access.who(action, path, destination),
    }),
  }),
]

type Params = Readonly<Record<string, string>>

/** @throws CofferError `not_found` */
function named<T extends { readonly name: string }>(all: readonly T[], { name }: Params): T {
  const found = all.find((one) => one.name === name)
  if (found === undefined) throw absence('policy, role or actor')
  return found
}

/** The name in the address; a body that names another is left for the engine to refuse. */
const withName = (body: Partial<Policy>, { name }: Params): Policy =>
  (typeof body !== 'object' || body === null || Array.isArray(body) || Object.hasOwn(body, 'name')
    ? body
    : { ...body, name }) as Policy
