import { expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'
import type { PlaceFault } from './test-place.ts'

function scene(faults: ReadonlyMap<number, PlaceFault> = new Map()) {
  const coffer = testCoffer()
  const world = testWorld(coffer)
  const state = { finished: 0, fails: false, dies: false }
  const there = place({ ...ANY_PLACE, faults, crash: () => void (coffer.dead = true) })
  const finish = async () => {
    if (state.dies) coffer.dead = true
    if (state.fails || state.dies) throw new CofferError('unavailable', 'It was not restarted.')
    state.finished++
  }
  const destination = { ...there.destination, finish }
  const target = { destination, owner: 'shop/test', entries: entriesOf(['A']) }
  coffer.set('shop/test/api/A', 'one')
  const plan = () => planSync(target, world)
  const sync = async () => {
    try {
      const report = await applySync(await plan(), target, world)
      return [report.results.map(({ outcome }) => outcome).join(), report.error !== undefined]
    } catch {
      return 'died'
    } finally {
      coffer.dead = false
      world.now += LIMITS.syncLeaseMs
    }
  }
  return { coffer, state, there, target, world, plan, sync }
}

test('what is to follow a delivery and failed is owed, and done with the next apply', async () => {
  const { coffer, state, there, plan, sync } = scene()
  state.fails = true
  expect(await sync()).toEqual(['done', true])
  expect((await plan()).owed).toBe(true)
  expect(await sync()).toEqual(['unchanged', true])
  state.fails = false
  expect(await sync()).toEqual(['unchanged', false])
  expect(state.finished).toBe(1)
  expect((await plan()).owed).toBe(false)
  const before = [there.writes, coffer.ledgerWrites]
  expect(await sync()).toEqual(['unchanged', false])
  expect([there.writes, coffer.ledgerWrites, state.finished]).toEqual([...before, 1])
})

test('who dies between the delivery and what follows it owes it', async () => {
  const { state, plan, sync } = scene()
  state.dies = true
  await sync()
  state.dies = false
  expect((await plan()).owed).toBe(true)
  await sync()
  expect(state.finished).toBe(1)
  expect((await plan()).owed).toBe(false)
})

test('nothing is owed where nothing was delivered', async () => {
  const { state, plan, sync } = scene(new Map([[1, 'refuse']]))
  expect(await sync()).toEqual(['failed', false])
  expect([state.finished, (await plan()).owed]).toEqual([0, false])
})

test('where nobody knows what was delivered, what follows comes with the next delivery', async () => {
  const { state, plan, sync } = scene(new Map([[1, 'no answer']]))
  await sync()
  expect([state.finished, (await plan()).owed]).toEqual([0, true])
  await sync()
  expect((await plan()).owed).toBe(false)
  expect(state.finished).toBe(1)
})

test('what only the ledger forgets is followed by nothing', async () => {
  const { state, there, target, world, sync } = scene()
  await sync()
  there.remove('A')
  const none = { ...target, entries: [] }
  await applySync(await planSync(none, world), none, world)
  expect(state.finished).toBe(1)
})

test('where nothing is to follow any more, nothing is owed', async () => {
  const { state, target, world, sync } = scene()
  state.fails = true
  await sync()
  const { finish, ...destination } = target.destination
  expect(finish).toBeDefined()
  expect((await planSync({ ...target, destination }, world)).owed).toBe(false)
})
