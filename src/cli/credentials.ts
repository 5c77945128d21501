import { CofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { AccessKeyRecord, TokenRecord, TokenSelector } from '../core/ports/identities.ts'
import { usage } from './parse.ts'
import { iso } from './records.ts'
import type { Session } from './session.ts'
import type { Column } from './table.ts'
import { durationMs, shownAge, shownInstant } from './time.ts'

/** A lifetime in seconds: `90s`, `1h`, `30d`; a plain number is seconds. Absent stays absent. */
export function secondsOf(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined
  return /^\d{1,9}$/.test(text) ? Number(text) : durationMs(text, option) / 1_000
}

/** A list that was not given at all is absent: what was there stays. */
export const given = <T>(list: readonly T[]): readonly T[] | undefined =>
  list.length === 0 ? undefined : list

/** Whose rights a new credential has must be said. @throws CofferError `invalid_argument` */
export function refuseNobody(options: {
  readonly policy: readonly string[]
  readonly role?: readonly string[]
  readonly actor: string | undefined
}): void {
  const named = options.policy.length + (options.role ?? []).length
  if (named > 0 || options.actor !== undefined) return
  throw usage(
    'Say what it may do: --policy NAME, again for more.',
    'See `coffer policy list`; admin is built in.',
  )
}

/** The token that an argument names: an accessor, `-` for one on stdin, none for the one in use. */
export function selectorOf({ world }: Session, accessor: string | undefined): TokenSelector {
  if (accessor === undefined) return { self: true }
  if (accessor.startsWith('coffer_')) {
    throw usage(
      'A token on the command line can be seen by others.',
      'Name its accessor, or give the token on stdin with -.',
    )
  }
  if (accessor !== '-') return { accessor }
  const token = Buffer.from(world.stdin.readAll(LIMITS.bearerCharsMax)).toString('utf8').trim()
  if (token === '') throw new CofferError('invalid_argument', 'There is no token on stdin.')
  return { token }
}

export const tokenJson = (record: TokenRecord): Record<string, unknown> => ({
  accessor: record.accessor,
  ...issuedJson(record),
  ttlSeconds: record.ttlSeconds,
  maxTtlSeconds: record.maxTtlSeconds,
  periodSeconds: record.periodSeconds,
  renewable: record.renewable,
  usesLeft: record.usesLeft === 0 ? undefined : record.usesLeft,
  parent: record.parent,
  path: record.path,
  metadata: record.metadata,
  boundCidrs: record.boundCidrs,
})

export const accessKeyJson = (record: AccessKeyRecord): Record<string, unknown> => ({
  accessKeyId: record.id,
  ...issuedJson(record),
  disabled: record.disabled,
})

type Issued = Pick<TokenRecord, 'actor' | 'grants' | 'displayName' | 'createdAt' | 'expiresAt'>

const issuedJson = ({ actor, grants, displayName, createdAt, expiresAt }: Issued) => ({
  actor,
  policies: grants?.policies,
  roles: grants?.roles,
  name: displayName,
  createdAt: iso(createdAt),
  expiresAt: iso(expiresAt),
})

type Granted = Pick<TokenRecord, 'actor' | 'grants'>

/** What a credential may do: its own policies and roles, or what its actor was given. */
export const rightsOf = ({ actor, grants }: Granted): string =>
  grants === undefined ? `as ${actor}` : [...grants.policies, ...grants.roles].join(', ')

export const shownEnd = (expiresAt: number | undefined): string =>
  shownInstant(expiresAt) ?? 'never'

export const tokenColumns = (now: number): Column<TokenRecord>[] => [
  { title: 'ACCESSOR', cell: (t) => t.accessor },
  { title: 'NAME', cell: (t) => t.displayName },
  { title: 'MAY', cell: rightsOf },
  { title: 'AGE', align: 'right', cell: (t) => shownAge(now - t.createdAt) },
  { title: 'EXPIRES', cell: (t) => shownEnd(t.expiresAt) },
  { title: 'USES', align: 'right', cell: (t) => (t.usesLeft === 0 ? undefined : t.usesLeft) },
]

/** What `token lookup`, `token renew` and `token create` tell a person. */
export function noteToken({ out }: Session, record: TokenRecord): void {
  out.note(`accessor ${record.accessor}`)
  out.note(`may     ${rightsOf(record) || 'nothing'}`)
  out.note(`expires ${shownEnd(record.expiresAt)}`)
}
