import { expect, test } from 'vitest'
import { isCofferError } from '../../core/errors.ts'
import { applySync } from './apply.ts'
import { ledgerWriter } from './ledger-writer.ts'
import { planSync } from './plan.ts'
import type { SyncWorld } from './sync.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'

/** How an apply ends while `holder` of the world has the lease and does nothing more. */
async function endOf(holder: Partial<SyncWorld>, next: Partial<SyncWorld>): Promise<unknown> {
  const coffer = testCoffer()
  const world = testWorld(coffer)
  coffer.set('shop/test/api/A', 'one')
  const { destination } = place(ANY_PLACE)
  const target = { destination, owner: 'shop/test', entries: entriesOf(['A']) }
  const { ledger } = await planSync(target, world)
  await ledgerWriter(ledger, { ...world, ...holder }).write(new Map(), false)
  try {
    const { results } = await applySync(await planSync(target, world), target, {
      ...world,
      ...next,
    })
    return results[0]?.outcome
  } catch (error) {
    return isCofferError(error) ? error.code : error
  }
}

const isGone = (mark: string) => mark === 'here.dead'

test.each([
  ['here.dead', 'done'],
  ['here.alive', 'conflict'],
  ['elsewhere.dead', 'conflict'],
  [undefined, 'conflict'],
])('while %s has the lease, another ends with %s', async (mark, outcome) => {
  const end = await endOf({ process: { mark, isGone } }, { process: { mark: 'here.next', isGone } })
  expect(end).toBe(outcome)
})

test('a lease of a clock that ran ahead keeps nobody out', async () => {
  const now = Date.UTC(2026, 0, 7)
  expect(await endOf({ clock: () => now + 3_600_000 }, { clock: () => now })).toBe('done')
})
