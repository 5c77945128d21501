import { describeError, ERRORS } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import type { Finding } from '../../../core/finding.ts'
import { CURRENT } from '../../../core/label.ts'
import type { SecretRecord, VersionRecord } from '../../../core/record.ts'
import { commandWords, setCommand } from '../commands.ts'
import type { SecretAnswer, SecretFacts } from '../facts.ts'
import { about } from '../rule.ts'
import type { CodeRow, Rule } from '../rule.ts'

/** It exists, has a usable version, and can be read or at least be listed by whoever checks. */
export const state: Rule = {
  codes: {
    not_found: row('The secret is absent.', 'Store it with `coffer set`, or make it `optional`.'),
    denied: row(
      'Whoever checks may neither read nor list it.',
      'Give it `list`, or `read`, on the environment.',
    ),
    deleted: row('It was deleted.', 'Bring it back with `coffer undelete`, or store it anew.'),
    destroyed: row('Its version was erased for good.', 'Store it with `coffer set`.'),
    empty_version: row('Its version has no value yet.', 'Store it with `coffer set`.'),
    disabled: row('Its version is disabled.', 'Enable it with `coffer enable`.'),
    not_yet_valid: row('Its version is not valid yet.', 'Wait, or store it with `coffer set`.'),
    expired: row('Its version has expired.', 'Store a new one with `coffer set`.'),
    corrupt: row('What is stored cannot be opened.', 'Run `coffer doctor`.'),
    invalid_reference: row('The reference is malformed.', 'Correct it in the manifest.'),
  },
  find: ({ secrets, now }) => secrets.flatMap((secret) => findingOf(secret, now)),
}

/** Whether the secret is there and usable: what further rules take for granted. */
export const isUsable = (secret: SecretFacts, now: number): boolean =>
  secret.answer.kind === 'value' ||
  (secret.answer.kind === 'unread' && stateOf(secret, now) === undefined)

/** The version that the reference means, as far as the record tells. */
export function versionOf({ record, ref }: Pick<SecretFacts, 'record' | 'ref'>) {
  if (record === undefined || ref === undefined) return undefined
  const number = ref.version ?? record.labels[ref.label ?? CURRENT]
  return record.versions.find((version) => version.number === number)
}

function row(meaning: string, remedy: string): CodeRow {
  return { severity: 'error', meaning, remedy }
}

function findingOf(secret: SecretFacts, now: number): Finding[] {
  const told = problemOf(secret, now)
  if (told === undefined) return []
  return [{ severity: 'error', ...told, ...about(secret) }]
}

function problemOf(
  secret: SecretFacts,
  now: number,
): Pick<Finding, 'code' | 'message' | 'remedy'> | undefined {
  const { answer, declared } = secret
  if (NOTHING_WRONG.includes(answer.kind)) return undefined
  if (answer.kind === 'error') {
    const { code, message, remedy } = describeError(answer.error)
    // What another provider says of its own is better than what holds for all of them.
    const isTheirs = !secret.isOwn && remedy !== ERRORS[code].remedy
    const isOurs = MENDED.includes(code) && !isTheirs
    return { code, message, remedy: isOurs ? remedyOf(secret, code) : remedy }
  }
  const code = answer.kind === 'absent' ? 'not_found' : stateOf(secret, now)
  if (code === undefined || (code === 'not_found' && declared.optional)) return undefined
  return { code, message: messageOf(secret, code), remedy: remedyOf(secret, code) }
}

const NOTHING_WRONG: readonly SecretAnswer['kind'][] = ['value', 'unknown', 'unasked']

/** What is wrong with the version, from its record alone; undefined where nothing is. */
function stateOf(secret: SecretFacts, now: number): ErrorCode | undefined {
  const { record } = secret
  if (record === undefined) return 'not_found'
  if (record.deletedAt !== undefined) return 'deleted'
  const version = versionOf(secret)
  if (version === undefined) return 'not_found'
  return STATES.find(([, holds]) => holds(version, now))?.[0]
}

const STATES: readonly (readonly [ErrorCode, (version: VersionRecord, now: number) => boolean])[] =
  [
    ['destroyed', ({ state: known }) => known === 'destroyed'],
    ['deleted', ({ deletedAt }) => deletedAt !== undefined],
    ['empty_version', ({ state: known }) => known === 'empty'],
    ['disabled', ({ disabled }) => disabled === true],
    ['not_yet_valid', ({ notBefore }, now) => notBefore !== undefined && notBefore > now],
    ['expired', ({ expiresAt }, now) => expiresAt !== undefined && expiresAt <= now],
  ]

/** What a command about this very secret mends. */
const MENDED: readonly ErrorCode[] = [
  'expired',
  'empty_version',
  'destroyed',
  'deleted',
  'disabled',
]

function messageOf(secret: SecretFacts, code: ErrorCode): string {
  if (code !== 'not_found') return SAID[code] ?? 'It cannot be used.'
  const { record, ref, answer } = secret
  const where = answer.kind === 'absent' && answer.where !== undefined ? ` in ${answer.where}` : ''
  if (record === undefined) return `There is no such secret${where}.`
  return `It has no version ${which(record, ref?.version, ref?.label)}.`
}

const SAID: Partial<Record<ErrorCode, string>> = {
  deleted: 'It was deleted.',
  destroyed: 'Its version was destroyed.',
  empty_version: 'Its version has no value yet.',
  disabled: 'Its version is disabled.',
  not_yet_valid: 'Its version is not valid yet.',
  expired: 'Its version has expired.',
}

const which = (record: SecretRecord, version: number | undefined, label = CURRENT): string =>
  version === undefined ? `labelled ${label}` : `${version} (the next is ${record.nextVersion})`

function remedyOf(secret: SecretFacts, code: ErrorCode): string {
  const words = commandWords(secret)
  if (code === 'deleted' && words !== undefined) return `coffer undelete ${words}`
  if (code === 'disabled' && words !== undefined) {
    const version = versionOf(secret)?.number
    return `coffer enable ${words}${version === undefined ? '' : ` --version ${version}`}`
  }
  const elsewhere = `Put it where the provider "${secret.ref?.provider ?? ''}" looks, or correct the manifest.`
  return setCommand(secret) ?? elsewhere
}
