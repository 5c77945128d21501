import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { awsFault } from '../../net/aws-fault.ts'
import type { AwsPlace } from '../../net/aws-fault.ts'
import { cancelled } from '../../net/cancelled.ts'

type Row = readonly [code: ErrorCode, says: string, remedy: string]

/** What a write is answered with, beyond what reads are; by the vendor's name, else by our code. */
const ROWS: Readonly<Record<string, Row>> = {
  EncryptionFailure: [
    'denied',
    'AWS cannot encrypt with the KMS key of the secret.',
    'Allow kms:GenerateDataKey and kms:Decrypt on it, and check that it is enabled.',
  ],
  LimitExceededException: [
    'limit_exceeded',
    'A quota of AWS Secrets Manager is used up.',
    'Remove secrets or versions that nobody needs, or ask AWS for a higher quota.',
  ],
  ResourceExistsException: [
    'conflict',
    'There is a secret of this name by now.',
    'Make a new plan; it shows what is there now.',
  ],
  PreconditionNotMetException: [
    'conflict',
    'Somebody changes the secret at this moment.',
    'Make a new plan; it shows what is there now.',
  ],
  denied: [
    'denied',
    'AWS does not allow it.',
    'Allow secretsmanager:DescribeSecret, CreateSecret, PutSecretValue, TagResource, RestoreSecret and DeleteSecret on these names.',
  ],
  invalid_reference: [
    'invalid_argument',
    'AWS does not accept the request.',
    'Check the option kmsKeyId, and the state of the secret: `aws secretsmanager describe-secret` tells it.',
  ],
}

/**
 * What the official client threw, as an error of ours, with nothing of the vendor's text. `details`:
 * `status` of the answer, else `reason`, the code of Node's error.
 */
export function faultOf(
  error: unknown,
  place: AwsPlace,
  signal: AbortSignal,
  late: AbortSignal,
): CofferError {
  if (error instanceof CofferError) return error
  if (signal.aborted) return cancelled(signal)
  if (late.aborted) return new CofferError('timeout', 'AWS did not answer in time.')
  const { name, code, $metadata } = error as {
    name?: unknown
    code?: unknown
    $metadata?: { httpStatusCode?: number }
  }
  const fault = awsFault(error, place)
  const row = own(String(name)) ?? own(fault.code)
  const status = $metadata?.httpStatusCode
  const details = {
    ...fault.details,
    ...(status === undefined ? { reason: reasonOf(code ?? name) } : { status }),
  }
  return row === undefined
    ? new CofferError(fault.code, fault.message, { remedy: fault.remedy, details })
    : new CofferError(row[0], row[1], { remedy: row[2], details })
}

const own = (name: string) => (Object.hasOwn(ROWS, name) ? ROWS[name] : undefined)
const reasonOf = (code: unknown) => (/^[A-Z0-9_]{3,64}$/.test(String(code)) ? String(code) : 'none')
