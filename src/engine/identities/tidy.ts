import { BREATHE_EVERY, breathe } from '../breathe.ts'
import type { EngineContext, Origin } from '../context.ts'
import { SYSTEM_ACTOR } from '../access.ts'
import type { Transaction } from '../transaction.ts'
import { transact } from '../transaction.ts'
import { credentialsOf } from './listing.ts'
import { liveToken } from './live-token.ts'
import { ROWS } from './rows.ts'
import type { AccessKeyRow, AppRoleRow, Find, SecretIdRow, TokenRow } from './rows.ts'
import { isLive } from './secret-id-admin.ts'

/** Rows in one transaction. */
const BATCH = 200
const ATTEMPT = { action: 'sweep', resource: 'store:credentials' } as const

/**
 * Removes what is no longer good: expired or used up, or what it came from is gone. None of it comes
 * to life again, so what was found before a transaction is still so in it; it is looked at again all
 * the same. Returns how many there were.
 */
export async function tidy(context: EngineContext): Promise<number> {
  const origin: Origin = { actor: SYSTEM_ACTOR, via: 'job' }
  let removed = 0
  const names = await deadOnes(context)
  for (let from = 0; from < names.length; from += BATCH) {
    removed += await transact(context, origin, ATTEMPT, async (tx) => {
      const find: Find = (name) => tx.named('credential', name)
      const dead: string[][] = []
      for (const name of names.slice(from, from + BATCH)) {
        const rows = await rowsOfDead(find, name, tx.now)
        if (rows !== undefined) dead.push(rows)
      }
      if (dead.length > 0) await remove(tx, dead)
      return dead.length
    })
  }
  return removed
}

async function remove(tx: Transaction, dead: readonly string[][]): Promise<void> {
  const reason = `${dead.length} credentials that had ended`
  const generation = await tx.record({ ...ATTEMPT, reason })
  for (const name of dead.flat()) await tx.putNamed('credential', name, generation, undefined)
}

/** Names of the rows that say all of a credential that ended. */
async function deadOnes(context: EngineContext): Promise<string[]> {
  const now = context.clock()
  const rows = await credentialsOf<unknown>(context, '')
  const find: Find = <T>(name: string) => rows.get(name) as T | undefined
  const dead: string[] = []
  let looked = 0
  for (const name of rows.keys()) {
    if (++looked % BREATHE_EVERY === 0) await breathe()
    if ((await rowsOfDead(find, name, now)) !== undefined) dead.push(name)
  }
  return dead
}

type Look = (find: Find, name: string, now: number) => Promise<string[] | undefined>

/** All rows of a credential that ended, by the kind of its name; `undefined` while it is good. */
const LOOKS: Readonly<Record<string, Look>> = {
  async token(find, name, now) {
    const row = await find<TokenRow>(name)
    if (row === undefined) return undefined
    const live = await liveToken(find, name.slice(name.indexOf('/') + 1), now)
    return live === undefined || live.usedUp
      ? [name, ROWS.accessor(row.record.accessor)]
      : undefined
  },
  async 'access-key'(find, name, now) {
    const row = await find<AccessKeyRow>(name)
    const expiresAt = row?.record.expiresAt
    return expiresAt !== undefined && expiresAt <= now ? [name] : undefined
  },
  async 'secret-id'(find, name, now) {
    const row = await find<SecretIdRow>(name)
    if (row === undefined) return undefined
    const { mount, role, record } = row
    const owner = await find<AppRoleRow>(ROWS.appRole(mount, role))
    if (isLive(row, now) && owner?.born === row.born) return undefined
    return [name, ROWS.secretIdAccessor(mount, role, record.accessor)]
  },
}

async function rowsOfDead(find: Find, name: string, now: number): Promise<string[] | undefined> {
  const kind = name.slice(0, name.indexOf('/'))
  return Object.hasOwn(LOOKS, kind) ? LOOKS[kind]?.(find, name, now) : undefined
}
