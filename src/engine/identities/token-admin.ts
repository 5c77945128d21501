import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { IdentityAdmin, TokenRecord, TokenSelector } from '../../core/ports/identities.ts'
import { allows, denied } from '../access.ts'
import type { Attempt } from '../audited.ts'
import { auditFailure, originFacts, requireAudited } from '../audited.ts'
import type { EngineContext, Origin } from '../context.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { credentialsOf } from './listing.ts'
import { hasExpired, liveToken } from './live-token.ts'
import { hashOf } from './made.ts'
import { credentialPage } from './page.ts'
import { ROWS } from './rows.ts'
import type { AccessorRow, Find, TokenRow } from './rows.ts'
import { createToken } from './token-create.ts'

type TokenAdmin = Pick<
  IdentityAdmin,
  'createToken' | 'renewToken' | 'lookupToken' | 'revokeToken' | 'tokens'
>

/** Tokens for one actor: what is its own it may look up, renew and revoke; others take `admin`. */
export function createTokenAdmin(context: EngineContext, origin: Origin): TokenAdmin {
  return {
    createToken: (input) => createToken(context, origin, input),
    renewToken: (which, incrementSeconds) => renew(context, origin, which, incrementSeconds),
    lookupToken: (which) => lookup(context, origin, which),
    revokeToken: (which, options = {}) => revoke(context, origin, which, options),
    async tokens(query = {}) {
      await requireAudited(context, origin, 'admin', 'token:*', 'identity.list')
      const now = context.clock()
      const prefix = ROWS.token('')
      return credentialPage<TokenRow, TokenRecord>(
        context,
        prefix,
        query,
        async (_, name, find) => {
          const row = await liveToken(find, name.slice(prefix.length), now)
          return row === undefined || row.usedUp ? undefined : row.record
        },
      )
    },
  }
}

interface Selected {
  readonly accessor: string | undefined
  readonly hash: string | undefined
  /** It is the token that asks. */
  readonly isSelf: boolean
}

/** @throws `invalid_argument` where no token asks */
async function select(find: Find, origin: Origin, which: TokenSelector): Promise<Selected> {
  if ('token' in which) {
    const hash = hashOf(which.token)
    const accessor = (await find<TokenRow>(ROWS.token(hash)))?.record.accessor
    return { accessor, hash, isSelf: accessor !== undefined && accessor === origin.token }
  }
  const accessor = 'accessor' in which ? checkAccessor(which.accessor) : origin.token
  if (accessor === undefined) {
    throw new CofferError('invalid_argument', 'No token asks here: name one.')
  }
  const hash = (await find<AccessorRow>(ROWS.accessor(accessor)))?.hash
  return { accessor, hash, isSelf: accessor === origin.token }
}

/** @throws CofferError `invalid_argument`: it goes into the audit log as it is */
function checkAccessor(input: unknown): string {
  if (typeof input === 'string' && /^[0-9A-Za-z]{1,64}$/.test(input)) return input
  throw new CofferError('invalid_argument', 'An accessor is letters and digits.')
}

/** What is known of it before anything is looked up. */
function attempted(origin: Origin, which: TokenSelector): string {
  if ('token' in which) return UNSELECTED
  const accessor = 'accessor' in which ? checkAccessor(which.accessor) : origin.token
  return accessor === undefined ? UNSELECTED : `token:${accessor}`
}

/** What an unknown token is called is not told apart from one that may not be touched. */
const resourceOf = ({ accessor }: Selected): string => `token:${accessor ?? '*'}`

const UNSELECTED = 'token:*'

async function lookup(
  context: EngineContext,
  origin: Origin,
  which: TokenSelector,
): Promise<TokenRecord | undefined> {
  let attempt: Attempt = { action: 'token.lookup', resource: attempted(origin, which) }
  try {
    const at = context.clock()
    const { row, selected } = await selectLive(context.credentials, origin, which, at)
    const access = await context.access.load(origin)
    attempt = { ...attempt, resource: resourceOf(selected) }
    const mayLook = allows(access, { action: 'admin', path: attempt.resource, at }).allowed
    if (!selected.isSelf && !mayLook) throw denied(origin.actor, 'admin', attempt.resource)
    await context.log.append([
      {
        at,
        actor: origin.actor,
        ...attempt,
        outcome: row === undefined ? 'failed' : 'allowed',
        ...(row === undefined ? { code: 'not_found' } : {}),
        ...originFacts(origin),
      },
    ])
    return row?.record
  } catch (error) {
    await auditFailure(context, origin, attempt, error)
    throw error
  }
}

async function renew(
  context: EngineContext,
  origin: Origin,
  which: TokenSelector,
  incrementSeconds: number | undefined,
): Promise<TokenRecord> {
  if (incrementSeconds !== undefined) {
    wholeNumber('incrementSeconds', incrementSeconds, 0, LIMITS.tokenTtlSecondsMax)
  }
  return change(context, origin, 'token.renew', which, async (tx, { hash, row }) => {
    await refuseRoleless((name) => tx.named('credential', name), row.record)
    const record = renewed(row.record, incrementSeconds || undefined, tx.now)
    const resource = `token:${record.accessor}`
    const generation = await tx.record({ action: 'token.renew', resource })
    await tx.putNamed('credential', ROWS.token(hash), generation, { ...row, record })
    return record
  })
}

/**
 * What was logged in to a role lives on by that role only: to remove it is how a machine is kept from
 * going on for ever with a token it has. @throws `failed_precondition`
 */
async function refuseRoleless(find: Find, { path, metadata }: TokenRecord): Promise<void> {
  const mount = /^auth\/(.+)\/login$/.exec(path)?.[1]
  if (mount === undefined) return
  const { role_name: appRole, role: jwtRole } = metadata
  const rows = [
    ...(appRole === undefined ? [] : [ROWS.appRole(mount, appRole)]),
    ...(jwtRole === undefined ? [] : [ROWS.jwtRole(mount, jwtRole)]),
  ]
  for (const name of rows) if ((await find(name)) !== undefined) return
  throw new CofferError(
    'failed_precondition',
    'The role that the token was logged in to is gone.',
    {
      remedy: 'Log in to another.',
    },
  )
}

/** @throws `failed_precondition` */
function renewed(
  record: TokenRecord,
  incrementSeconds: number | undefined,
  now: number,
): TokenRecord {
  const { createdAt, maxTtlSeconds, periodSeconds, renewable } = record
  if (!renewable) {
    throw new CofferError('failed_precondition', 'The token is not renewable.', {
      remedy: 'Make a new one.',
    })
  }
  const wanted = periodSeconds > 0 ? periodSeconds : (incrementSeconds ?? record.ttlSeconds)
  const longest =
    maxTtlSeconds > 0
      ? maxTtlSeconds
      : periodSeconds > 0
        ? Infinity
        : Math.max(LIMITS.tokenTtlSecondsDefault, record.ttlSeconds)
  const expiresAt = Math.min(now + wanted * 1_000, createdAt + longest * 1_000)
  if (expiresAt <= now) {
    throw new CofferError('failed_precondition', 'The token has reached its longest time.', {
      remedy: 'Make a new one.',
    })
  }
  return { ...record, ttlSeconds: Math.ceil((expiresAt - now) / 1_000), expiresAt }
}

async function revoke(
  context: EngineContext,
  origin: Origin,
  which: TokenSelector,
  { orphanChildren = false }: { orphanChildren?: boolean },
): Promise<void> {
  await change(context, origin, 'token.revoke', which, async (tx, { hash, row }) => {
    const { accessor } = row.record
    const resource = `token:${accessor}`
    if (orphanChildren) tx.require('admin', resource)
    const generation = await tx.record({ action: 'token.revoke', resource })
    if (orphanChildren) await orphan(context, tx, hash, generation)
    await tx.putNamed('credential', ROWS.token(hash), generation, undefined)
    await tx.putNamed('credential', ROWS.accessor(accessor), generation, undefined)
  })
}

/** The children become tokens without a parent. Those below them stay where they are. */
async function orphan(
  context: EngineContext,
  tx: Transaction,
  parent: string,
  generation: number,
): Promise<void> {
  for (const [name, row] of await credentialsOf<TokenRow>(context, ROWS.token(''), tx.rows)) {
    if (row.parent !== parent || hasExpired(row.record, tx.now)) continue
    const record: TokenRecord = { ...row.record, parent: undefined }
    const alone: TokenRow = { ...row, record, parent: undefined, depth: 0 }
    await tx.putNamed('credential', name, generation, alone)
  }
}

/** @throws `denied`, `not_found` */
function change<T>(
  context: EngineContext,
  origin: Origin,
  action: 'token.renew' | 'token.revoke',
  which: TokenSelector,
  work: (tx: Transaction, found: { hash: string; row: TokenRow }) => Promise<T>,
): Promise<T> {
  const attempt = { action, resource: attempted(origin, which) }
  return transact(context, origin, attempt, async (tx) => {
    const find: Find = (name) => tx.named('credential', name)
    const { row, selected } = await selectLive(find, origin, which, tx.now)
    if (!selected.isSelf) tx.require('admin', resourceOf(selected))
    if (row === undefined || selected.hash === undefined) {
      throw new CofferError('not_found', 'There is no such token.')
    }
    return work(tx, { hash: selected.hash, row })
  })
}

/** Used up ones are there for themselves only. */
async function selectLive(find: Find, origin: Origin, which: TokenSelector, now: number) {
  const selected = await select(find, origin, which)
  const row = selected.hash === undefined ? undefined : await liveToken(find, selected.hash, now)
  return { selected, row: row?.usedUp && !selected.isSelf ? undefined : row }
}
