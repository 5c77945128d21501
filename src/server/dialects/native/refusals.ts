import type { ErrorCode } from '../../../core/errors.ts'

/** What operations may be refused with, in groups: the statuses of the document come from these. */

/** Anything may be, once it is known who asks. */
export const ANY_ERRORS = [
  'invalid_argument',
  'throttled',
  'limit_exceeded',
  'too_large',
  'sealed',
  'store_unavailable',
  'store_busy',
  'store_rolled_back',
  'audit_unavailable',
  'unavailable',
  'timeout',
  'corrupt',
  'internal',
] as const satisfies readonly ErrorCode[]

export const CALLER_ERRORS = ['unauthenticated', 'denied'] as const satisfies readonly ErrorCode[]

export const PATH_ERRORS = ['invalid_path', 'not_found'] as const satisfies readonly ErrorCode[]

/** What keeps a version from being read. */
export const READ_ERRORS = [
  ...PATH_ERRORS,
  'invalid_label',
  'deleted',
  'destroyed',
  'empty_version',
  'disabled',
  'not_yet_valid',
  'expired',
] as const satisfies readonly ErrorCode[]

/** What keeps the store from being changed. */
export const STORE_ERRORS = [
  'conflict',
  'store_full',
  'store_read_only',
] as const satisfies readonly ErrorCode[]

export const CHANGE_ERRORS = [
  ...PATH_ERRORS,
  ...STORE_ERRORS,
  'failed_precondition',
  'invalid_label',
  'invalid_value',
  'deleted',
  'destroyed',
] as const satisfies readonly ErrorCode[]

export const WRITE_ERRORS = [
  ...CHANGE_ERRORS,
  'token_reused',
  'empty_version',
  'disabled',
  'not_yet_valid',
  'expired',
] as const satisfies readonly ErrorCode[]

export const ACCESS_ERRORS = [
  ...STORE_ERRORS,
  'failed_precondition',
  'invalid_policy',
  'invalid_pattern',
  'not_found',
] as const satisfies readonly ErrorCode[]
