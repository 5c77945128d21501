import { ERRORS } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { positionOf } from '../rule.ts'
import type { CodeRow, Rule } from '../rule.ts'

/** Codes that say something of a place as a whole, and nothing of one secret in it. */
const PLACE_CODES = [
  'store_missing',
  'store_unavailable',
  'store_busy',
  'store_full',
  'store_read_only',
  'store_rolled_back',
  'store_newer',
  'sealed',
  'wrong_key',
  'invalid_key',
  'key_exposed',
  'audit_unavailable',
  'unauthenticated',
  'unavailable',
  'throttled',
  'timeout',
  'missing_dependency',
  'unknown_provider',
] as const satisfies readonly ErrorCode[]

/** They do where all secrets of a provider are answered with the same: its options are wrong. */
const OPTION_CODES = ['invalid_argument', 'invalid_config'] as const satisfies readonly ErrorCode[]

export const isPlaceCode = (code: ErrorCode): boolean =>
  (PLACE_CODES as readonly ErrorCode[]).includes(code)

export const isOptionCode = (code: ErrorCode): boolean =>
  (OPTION_CODES as readonly ErrorCode[]).includes(code)

/** The store or the provider can be asked. One finding for each that cannot, whatever it holds. */
export const places: Rule = {
  codes: Object.fromEntries(
    PLACE_CODES.map((code): [string, CodeRow] => [
      code,
      {
        severity: 'error',
        meaning: 'The store or the provider could not be asked; what it holds was not checked.',
        remedy: ERRORS[code].remedy,
      },
    ]),
  ),
  find: ({ places: failed, environments }) =>
    failed.map(({ provider, environments: names, code, message, remedy, paths }) => {
      const [only] = names
      const environment = names.length === 1 ? only : undefined
      const at = environments.find(({ name }) => name === only)?.at
      return {
        code,
        severity: 'error' as const,
        path: provider,
        message: `${message} ${uncheckedOf(paths)}`,
        remedy,
        environment,
        ...positionOf(at),
      }
    }),
}

const NAMED_MAX = 5

function uncheckedOf(paths: readonly string[]): string {
  const count = paths.length === 1 ? '1 secret was' : `${paths.length} secrets were`
  const more = paths.length > NAMED_MAX ? `, and ${paths.length - NAMED_MAX} more` : ''
  return `${count} not checked: ${paths.slice(0, NAMED_MAX).join(', ')}${more}.`
}
