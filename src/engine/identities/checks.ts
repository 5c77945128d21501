import { parseCidr } from '../../core/cidr.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/** A name that people give: of a token, a mount, a role. @throws CofferError `invalid_argument` */
export function checkDisplayName(what: string, input: unknown): string {
  if (typeof input === 'string' && DISPLAY.test(input) && input.isWellFormed()) {
    if (input.length <= LIMITS.credentialNameCharsMax) return input
  }
  throw new CofferError(
    'invalid_argument',
    `${what} is 1 to ${LIMITS.credentialNameCharsMax} characters, none of them a control character.`,
  )
}

/** Where roles of a kind are kept: `approle`, `ci/gitlab`. @throws CofferError `invalid_argument` */
export function checkMount(input: unknown): string {
  if (typeof input === 'string' && input.length <= LIMITS.credentialNameCharsMax) {
    if (MOUNT.test(input)) return input
  }
  throw new CofferError(
    'invalid_argument',
    `A mount is written approle or ci/gitlab, in at most ${LIMITS.credentialNameCharsMax} characters.`,
  )
}

/** Of a role that is logged in to. @throws CofferError `invalid_argument` */
export function checkRoleName(input: unknown): string {
  if (typeof input === 'string' && input.length <= LIMITS.credentialNameCharsMax) {
    if (ROLE.test(input)) return input
  }
  throw new CofferError(
    'invalid_argument',
    `The name of a role is 1 to ${LIMITS.credentialNameCharsMax} letters, digits, _ . -`,
  )
}

/** @throws CofferError `invalid_argument` */
export function checkCidrs(what: string, input: unknown): string[] {
  if (!Array.isArray(input) || input.length > LIMITS.credentialCidrsMax) {
    throw new CofferError(
      'invalid_argument',
      `${what} is a list of at most ${LIMITS.credentialCidrsMax} address blocks.`,
    )
  }
  return input.map((cidr: string) => (parseCidr(cidr), cidr))
}

/** Texts by name, kept as they are and shown to whoever looks the credential up. @throws `invalid_argument` */
export function checkMetadata(input: unknown): Record<string, string> {
  const entries = typeof input === 'object' && input !== null ? Object.entries(input) : undefined
  if (
    entries === undefined ||
    entries.length > LIMITS.credentialMetadataMax ||
    !entries.every(([key, value]) => isPair(key, value))
  ) {
    throw new CofferError(
      'invalid_argument',
      `Metadata is at most ${LIMITS.credentialMetadataMax} texts of at most ${LIMITS.credentialMetadataValueCharsMax} characters under names of at most ${LIMITS.credentialMetadataKeyCharsMax}.`,
    )
  }
  return Object.fromEntries(entries)
}

const MOUNT = /^[A-Za-z0-9_][A-Za-z0-9._-]*(?:\/[A-Za-z0-9_][A-Za-z0-9._-]*)*$/
const ROLE = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/
const DISPLAY = /^[^\p{C}]+$/u

const isPair = (key: string, value: unknown): boolean =>
  key.length > 0 &&
  key.length <= LIMITS.credentialMetadataKeyCharsMax &&
  key.isWellFormed() &&
  typeof value === 'string' &&
  value.length <= LIMITS.credentialMetadataValueCharsMax &&
  value.isWellFormed()
