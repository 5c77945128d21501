import * as wire from '../../../../client/wire/secrets.ts'
import { absence } from '../problems.ts'
import { refuseOtherPolicy } from '../resource-policy.ts'
import { CHANGE_ERRORS, PATH_ERRORS } from '../refusals.ts'
import { route } from '../route.ts'

/** What is known of secrets besides their values. */
export const metadataRoutes = [
  route({
    method: 'GET',
    url: '/metadata/*',
    operation: 'read',
    operationId: 'describeSecret',
    summary: 'Everything that is known of a secret but its values.',
    answer: { json: wire.SecretRecord },
    errors: PATH_ERRORS,
    async handle({ coffer, path }) {
      const record = await coffer.describe(path)
      if (record === undefined) throw absence('secret')
      return record
    },
  }),
  route({
    method: 'PATCH',
    url: '/metadata/*',
    operation: 'write',
    operationId: 'updateSecret',
    summary: 'Change metadata; `null` removes a field. Makes no version.',
    body: wire.MetadataBody,
    example: { owner: 'payments', description: null },
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    async handle(call) {
      const { ifRevision, ...change } = call.body
      await refuseOtherPolicy(call, call.path, change)
      return call.coffer.update(call.path, change, { ifRevision })
    },
  }),
  route({
    method: 'PATCH',
    url: '/versions/*',
    operation: 'write',
    operationId: 'updateVersion',
    summary: 'Change whether and when a version is valid; its value never changes.',
    query: wire.VersionQuery,
    body: wire.VersionBody,
    example: { enabled: false },
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path, query: { version }, body }) =>
      coffer.updateVersion(path, version, body),
  }),
  route({
    method: 'POST',
    url: '/labels/*',
    operation: 'write',
    operationId: 'moveLabel',
    summary: 'Move a label to a version, or take it off when `to` is left out.',
    body: wire.LabelBody,
    example: { label: 'blue', to: 2 },
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path, body }) => coffer.label(path, body),
  }),
  route({
    method: 'POST',
    url: '/rollback/*',
    operation: 'write',
    operationId: 'rollbackSecret',
    summary: 'Make an older version the current one. Makes no version.',
    body: wire.RollbackBody,
    example: { to: 1 },
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path, body: { to } }) => coffer.rollback(path, to),
  }),
  route({
    method: 'GET',
    url: '/list',
    operation: 'list',
    operationId: 'listSecrets',
    summary: 'Secrets below a prefix that the caller may list, a page at a time.',
    query: wire.ListSecretsQuery,
    answer: { json: wire.SecretPage },
    errors: ['invalid_path'],
    handle({ coffer, query: { prefix, cursor, limit, deleted, folders, ...where } }) {
      return coffer.list({ prefix, cursor, limit, deleted, folders, where })
    },
  }),
]
