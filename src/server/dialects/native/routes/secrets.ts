import { writeOfWire } from '../../../../client/wire/codec.ts'
import type { WireWrite } from '../../../../client/wire/codec.ts'
import { Nothing } from '../../../../client/wire/common.ts'
import * as wire from '../../../../client/wire/secrets.ts'
import { CofferError } from '../../../../core/errors.ts'
import { parseExactly } from '../../../../core/exact-json.ts'
import type { WriteInput } from '../../../../core/ports/coffer.ts'
import { CHANGE_ERRORS, READ_ERRORS, WRITE_ERRORS } from '../refusals.ts'
import { refuseOtherPolicy } from '../resource-policy.ts'
import type { Call } from '../route.ts'
import { route } from '../route.ts'
import { readText } from '../versions.ts'

/** Values and versions of one secret. */
export const secretRoutes = [
  route({
    method: 'GET',
    url: '/secrets/*',
    operation: 'read',
    operationId: 'readSecret',
    summary: 'Read a value; by default of the version that is labelled `current`.',
    query: wire.ReadQuery,
    answer: { json: wire.VersionAnswer },
    errors: READ_ERRORS,
    handle: ({ coffer, path, query: { version, label } }) =>
      readText(coffer, { path, version, label }),
  }),
  route({
    method: 'PUT',
    url: '/secrets/*',
    operation: 'write',
    operationId: 'writeSecret',
    summary: 'Write a new version and, unless `labels` says otherwise, make it the current one.',
    body: wire.WriteBody,
    example: { value: 'correct horse battery staple', owner: 'payments', tags: { team: 'web' } },
    headers: ['idempotency-key'],
    answer: { json: wire.WriteReceipt },
    errors: WRITE_ERRORS,
    async handle(call) {
      const input = writeOfWire(exactly(call.body, () => parseExactly(call.text) as WireWrite))
      await refuseOtherPolicy(call, call.path, input)
      return call.coffer.write(call.path, withToken(call, input))
    },
  }),
  route({
    method: 'POST',
    url: '/rotate/*',
    operation: 'write',
    operationId: 'rotateSecret',
    summary: 'Write a value that Coffer generates by the type of the secret.',
    body: wire.RotateBody.optional(),
    example: { length: 40 },
    headers: ['idempotency-key'],
    answer: { json: wire.WriteReceipt },
    errors: WRITE_ERRORS,
    handle: (call) => call.coffer.rotate(call.path, withToken(call, call.body ?? {})),
  }),
  route({
    method: 'DELETE',
    url: '/secrets/*',
    operation: 'write',
    operationId: 'deleteSecret',
    summary: 'Delete a secret; it can be brought back within its recovery window.',
    query: wire.DeleteQuery,
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path, query: { recoveryDays } }) =>
      coffer.delete(path, recoveryDays === undefined ? {} : { recoveryDays }),
  }),
  route({
    method: 'POST',
    url: '/undelete/*',
    operation: 'write',
    operationId: 'undeleteSecret',
    summary: 'Bring a deleted secret back.',
    body: Nothing,
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path }) => coffer.undelete(path),
  }),
  route({
    method: 'POST',
    url: '/destroy/*',
    operation: 'write',
    operationId: 'destroyVersions',
    summary: 'Erase the keys of versions for good; their places in the history stay.',
    body: wire.DestroyBody,
    example: { versions: [1, 2] },
    answer: { json: wire.SecretRecord },
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path, body: { versions } }) => coffer.destroy(path, versions),
  }),
  route({
    method: 'POST',
    url: '/purge/*',
    operation: 'write',
    operationId: 'purgeSecret',
    summary: 'Erase every version for good and remove the secret itself.',
    body: Nothing,
    answer: 'nothing',
    errors: CHANGE_ERRORS,
    handle: ({ coffer, path }) => coffer.purge(path),
  }),
]

/** The body as it was written, where a plain parse may have rounded numbers of a secret. */
export const exactly = (body: WireWrite, exact: () => WireWrite): WireWrite =>
  typeof body.value === 'object' || body.mergePatch !== undefined
    ? { ...body, ...membersOf(exact()) }
    : body

const membersOf = ({ value, mergePatch }: WireWrite): WireWrite => ({
  ...(value === undefined ? {} : { value }),
  ...(mergePatch === undefined ? {} : { mergePatch }),
})

/** `Idempotency-Key` stands for `token`. @throws CofferError `invalid_argument` for two that differ */
export function withToken<T extends Pick<WriteInput, 'token'>>({ request }: Call, input: T): T {
  const token = request.headers['idempotency-key']
  if (typeof token !== 'string') return input
  if (input.token === undefined || input.token === token) return { ...input, token }
  throw new CofferError('invalid_argument', 'body.token: another than in Idempotency-Key')
}
