import { LIMITS } from '../../core/limits.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import { LEDGERS } from './ledger.ts'
import type { LedgerPlace } from './ledger.ts'
import { readHead } from './ledger-form.ts'

export interface Abandoned {
  readonly destination: string
  readonly place: LedgerPlace
}

/**
 * Destinations where an owner still has entries and that are not among those `named`: a manifest that
 * no longer speaks of them. Of ledgers that the actor may not list or read nothing is said.
 * @throws CofferError what listing throws
 */
export async function abandonedBy(
  coffer: Coffer,
  owner: string,
  named: ReadonlySet<string>,
): Promise<readonly Abandoned[]> {
  const found: Abandoned[] = []
  let cursor: string | undefined
  do {
    const query = { prefix: LEDGERS, folders: true, limit: LIMITS.batchMax, cursor }
    const page = await coffer.list(query)
    const answers = await coffer.readMany(page.items.map(({ path }) => ({ path })))
    for (const answer of answers) {
      const value: unknown = 'error' in answer ? undefined : answer.value?.secret.reveal()
      const destination = (value as { destination?: unknown } | undefined)?.destination
      if (typeof destination !== 'string' || named.has(destination)) continue
      const { owners, place } = readHead(destination, value)
      if (owners.includes(owner) && place !== undefined) found.push({ destination, place })
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  return found
}
