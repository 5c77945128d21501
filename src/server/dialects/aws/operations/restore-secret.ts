import type { Call, Operation } from '../call.ts'
import { changeSecret } from '../change.ts'
import { isCofferError } from '../../../../core/errors.ts'
import { identityOf } from '../secret.ts'
import { SecretId } from '../shapes/members.ts'
import { struct } from '../shapes/shape.ts'

/** Restoring what is not deleted changes nothing, and is no error. */
export const restoreSecret: Operation = {
  kind: 'write',
  input: struct({ SecretId }, 'SecretId'),
  run: (call: Call, input: { SecretId: string }) =>
    changeSecret(call, input.SecretId, 'undelete', async (record) => {
      try {
        await call.coffer.undelete(record.path)
      } catch (error) {
        if (!isCofferError(error, 'failed_precondition')) throw error
      }
      return identityOf(call, record)
    }),
}
