import { isBlockWithin } from '../../core/cidr.ts'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { CreatedToken, Grants, TokenInput, TokenRecord } from '../../core/ports/identities.ts'
import { textSecret } from '../../core/secret.ts'
import { allows, denied } from '../access.ts'
import { checkActor } from '../actors.ts'
import type { EngineContext, Origin } from '../context.ts'
import { mustBeThere, names, policiesExist } from '../known-names.ts'
import { wholeNumber } from '../secrets/numbers.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { checkCidrs, checkDisplayName, checkMetadata } from './checks.ts'
import { liveToken } from './live-token.ts'
import { hashOf, newAccessor, newToken } from './made.ts'
import { ROWS } from './rows.ts'
import type { AccessorRow, TokenRow } from './rows.ts'

/**
 * A token for somebody else, or for a part of one's own work. Whoever has `admin` on `token:*` gives
 * what it likes; others, when they may `write` `token:create`, make children of the token they hold
 * with no more than they have themselves.
 */
export function createToken(
  context: EngineContext,
  origin: Origin,
  input: TokenInput,
): Promise<CreatedToken> {
  const attempt = { action: 'token.create', resource: 'token:create' } as const
  return transact(context, origin, attempt, async (tx) => {
    const asked = checked(input)
    const accessor = newAccessor(context.random)
    const isAdmin = allows(tx.access, { action: 'admin', path: 'token:*', at: tx.now }).allowed
    if (!isAdmin) refuseExcess(tx, origin, asked)
    const parent = asked.orphan ? undefined : await parentOf(tx, origin)
    if (!isAdmin && parent === undefined) throw denied(origin.actor, 'write', 'token:create')
    const boundCidrs = asked.boundCidrs ?? parent?.record.boundCidrs ?? []
    if (!isAdmin && parent !== undefined) refuseElsewhere(origin, boundCidrs, parent.record)
    const { actor, grants } = await bearerOf(tx, origin, asked, accessor)
    const ttlSeconds = withinMax(asked.ttlSeconds ?? (asked.periodSeconds || undefined), asked)
    const record: TokenRecord = {
      accessor,
      actor,
      grants,
      displayName: asked.displayName,
      createdAt: tx.now,
      ttlSeconds,
      expiresAt: ttlSeconds === 0 ? undefined : tx.now + ttlSeconds * 1_000,
      maxTtlSeconds: asked.maxTtlSeconds,
      periodSeconds: asked.periodSeconds,
      renewable: ttlSeconds !== 0 && asked.renewable,
      usesLeft: asked.uses,
      parent: parent?.record.accessor,
      path: asked.path,
      metadata: asked.metadata,
      boundCidrs,
    }
    const generation = await tx.record({ ...attempt, resource: `token:${accessor}` })
    return issueToken(context, tx, generation, record, parent)
  })
}

/** Makes the token of a record. The token itself is in the answer and nowhere else. */
export async function issueToken(
  context: EngineContext,
  tx: Transaction,
  generation: number,
  record: TokenRecord,
  parent?: TokenRow & { readonly hash: string },
): Promise<CreatedToken> {
  const token = newToken(context.random)
  const hash = hashOf(token)
  const row: TokenRow = { record, parent: parent?.hash, depth: (parent?.depth ?? -1) + 1 }
  const pointer: AccessorRow = { hash }
  await tx.putNamed('credential', ROWS.token(hash), generation, row)
  await tx.putNamed('credential', ROWS.accessor(record.accessor), generation, pointer)
  return { token: textSecret(`token:${record.accessor}`, token), record }
}

type Asked = ReturnType<typeof checked>

/** Every field looked at before anything is done. @throws `invalid_argument`, `invalid_policy` */
function checked(input: TokenInput) {
  const seconds = (name: string, value: number | undefined) =>
    value === undefined ? undefined : wholeNumber(name, value, 0, LIMITS.tokenTtlSecondsMax)
  return {
    actor: input.actor === undefined ? undefined : checkActor(input.actor),
    policies: input.policies && names('policies', input.policies),
    roles: input.roles && names('roles', input.roles),
    ttlSeconds: seconds('ttlSeconds', input.ttlSeconds),
    maxTtlSeconds: seconds('maxTtlSeconds', input.maxTtlSeconds) ?? 0,
    periodSeconds: seconds('periodSeconds', input.periodSeconds) ?? 0,
    renewable: input.renewable ?? true,
    uses: wholeNumber('uses', input.uses ?? 0, 0, LIMITS.tokenUsesMax),
    displayName: checkDisplayName('displayName', input.displayName ?? 'token'),
    metadata: checkMetadata(input.metadata ?? {}),
    boundCidrs: input.boundCidrs && checkCidrs('boundCidrs', input.boundCidrs),
    orphan: input.orphan ?? false,
    unknownPolicies: input.unknownPolicies ?? 'refuse',
    path: checkMadePath(input.path ?? MADE_PATH),
  }
}

const MADE_PATH = 'auth/token/create'

function checkMadePath(path: string): string {
  if (path.length <= 512 && /^auth\/token\/create(?:\/[\w.-]+)*$/.test(path)) return path
  throw new CofferError('invalid_argument', 'A token is made at auth/token/create or below it.')
}

/** What it takes an administrator for. @throws `denied` */
function refuseExcess(tx: Transaction, origin: Origin, asked: Asked): void {
  tx.require('write', 'token:create')
  const held = tx.access.grants ?? []
  const policies = new Set(held.map(({ policy }) => policy.name))
  const roles = new Set(held.flatMap((grant) => grant.roles))
  const modest =
    !asked.orphan &&
    asked.periodSeconds === 0 &&
    asked.ttlSeconds !== 0 &&
    (asked.ttlSeconds ?? 0) <= LIMITS.tokenTtlSecondsDefault &&
    asked.maxTtlSeconds <= LIMITS.tokenTtlSecondsDefault &&
    (asked.policies ?? []).every((name) => policies.has(name)) &&
    (asked.roles ?? []).every((name) => roles.has(name))
  if (!modest) throw excess(origin)
}

const excess = ({ actor }: Origin) =>
  new CofferError('denied', `${actor} may not give more than it has itself.`, {
    details: { actor, action: 'admin', resource: 'token:*' },
    remedy: 'Ask for policies and addresses that you have, a ttl within the default, no orphan.',
  })

/** What is good from some addresses only makes nothing that is good from others. @throws `denied` */
function refuseElsewhere(
  origin: Origin,
  cidrs: readonly string[],
  { boundCidrs }: TokenRecord,
): void {
  const isWithin = cidrs.length > 0 && cidrs.every((cidr) => isBlockWithin(cidr, boundCidrs))
  if (boundCidrs.length > 0 && !isWithin) throw excess(origin)
}

/** The token that asks, which the new one ends with. @throws `unauthenticated`, `denied`, `limit_exceeded` */
async function parentOf(
  tx: Transaction,
  origin: Origin,
): Promise<(TokenRow & { readonly hash: string }) | undefined> {
  if (origin.token === undefined) return undefined
  const pointer = await tx.named<AccessorRow>('credential', ROWS.accessor(origin.token))
  const row =
    pointer && (await liveToken((name) => tx.named('credential', name), pointer.hash, tx.now))
  if (pointer === undefined || row === undefined) {
    throw new CofferError('unauthenticated', 'The token that asks is no longer valid.')
  }
  if (row.record.usesLeft > 0 || row.usedUp) {
    throw new CofferError('denied', 'A token with a limit of uses cannot make tokens.')
  }
  if (row.depth >= LIMITS.tokenDepthMax) {
    throw new CofferError(
      'limit_exceeded',
      `There are at most ${LIMITS.tokenDepthMax} tokens above a token.`,
      { remedy: 'Make an orphan, or use a token nearer to the first one.' },
    )
  }
  return { ...row, hash: pointer.hash }
}

/** Whom the token stands for. @throws `denied`, `not_found` */
async function bearerOf(
  tx: Transaction,
  origin: Origin,
  { actor, policies, roles, unknownPolicies }: Asked,
  accessor: string,
): Promise<{ actor: string; grants: Grants | undefined }> {
  if (unknownPolicies === 'refuse') await policiesExist(tx, policies ?? [])
  for (const role of roles ?? []) await mustBeThere(tx, 'role', role)
  const hasOwn = policies !== undefined || roles !== undefined
  const grants = hasOwn ? { policies: policies ?? [], roles: roles ?? [] } : undefined
  if (actor !== undefined) {
    tx.require('admin', `actor:${actor}`)
    if (!hasOwn) await mustBeThere(tx, 'actor', actor)
    return { actor, grants }
  }
  if (hasOwn) return { actor: `token:${accessor}`, grants }
  return origin.grants === undefined
    ? { actor: origin.actor, grants: undefined }
    : { actor: `token:${accessor}`, grants: origin.grants }
}

/** The time it begins with. @throws `invalid_argument` */
function withinMax(ttlSeconds: number | undefined, { maxTtlSeconds }: Asked): number {
  const wanted = ttlSeconds ?? LIMITS.tokenTtlSecondsDefault
  if (maxTtlSeconds === 0) return wanted
  return wanted === 0 ? maxTtlSeconds : Math.min(wanted, maxTtlSeconds)
}
