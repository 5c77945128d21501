import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'
import type { PlaceFault } from './test-place.ts'

/** As GitHub: no marks, nothing is read back, and entries are dated to the second by its own clock. */
const SKEW_MS = -5_000_000
const NAMES = ['A', 'B', 'C']

interface Interruption {
  readonly call?: readonly [number, PlaceFault]
  readonly ledger?: { readonly writes: number; readonly committed: boolean }
}

function scene({ call, ledger }: Interruption = {}, names = NAMES) {
  const coffer = testCoffer()
  const world = testWorld(coffer)
  const faults = new Map(call === undefined ? [] : [call])
  const there = place({
    ...ANY_PLACE,
    batchMax: 2,
    faults,
    // Every call takes a while.
    before: () => void (world.now += 300),
    clock: () => Math.floor((world.now + SKEW_MS) / 1_000) * 1_000,
    crash: () => void (coffer.dead = true),
  })
  for (const name of names) coffer.set(`shop/test/api/${name}`, name)
  coffer.crashAt = ledger && { ...ledger }
  const target = {
    destination: there.destination,
    owner: 'shop/test',
    entries: entriesOf(names),
  }
  const sync = async (wanted = target) => {
    try {
      return (await applySync(await planSync(wanted, world), wanted, world)).results
    } catch (error) {
      if (!coffer.dead) throw error
      return undefined
    } finally {
      coffer.dead = false
      coffer.crashAt = undefined
      world.now += LIMITS.syncLeaseMs
    }
  }
  return { coffer, there, world, target, sync, faults }
}

const CALLS = Array.from({ length: 7 }, (_, call) => call)
const interruptions: Interruption[] = [
  ...CALLS.flatMap((call) =>
    (['crash before', 'crash after', 'no answer', 'lost'] as const).map((kind) => ({
      call: [call, kind] as const,
    })),
  ),
  ...[0, 1, 2, 3].flatMap((writes) =>
    [true, false].map((committed) => ({ ledger: { writes, committed } })),
  ),
]

test.each(interruptions)('cut off at %j, a plain second apply ends it', async (cut) => {
  const made = scene(cut)
  await made.sync().catch(() => undefined)
  made.faults.clear()
  const again = await made.sync()
  expect(again?.map(({ outcome }) => outcome).every((one) => /^(done|unchanged)$/.test(one))).toBe(
    true,
  )
  for (const name of NAMES) expect(made.there.kept.get(name)?.text).toBe(name)
  const before = [made.there.writes, made.coffer.ledgerWrites]
  await made.sync()
  expect([made.there.writes, made.coffer.ledgerWrites]).toEqual(before)
})

test.each(interruptions)(
  'cut off at %j, foreign entries of later stay as they are',
  async (cut) => {
    const made = scene(cut)
    await made.sync().catch(() => undefined)
    made.faults.clear()
    const foreign = NAMES.filter((name) => !made.there.kept.has(name))
    for (const name of foreign) made.there.put(name, 'foreign')
    for (let run = 0; run < 2; run++) {
      const again = await made.sync()
      for (const { item, outcome } of again ?? []) {
        const isForeign = foreign.includes(item.name)
        expect(made.there.kept.get(item.name)?.text).toBe(isForeign ? 'foreign' : item.name)
        expect(outcome === 'refused').toBe(isForeign)
      }
    }
  },
)

test('a creation that is cut off while it is resumed is resumed again, with a new value too', async () => {
  const made = scene({ call: [2, 'crash after'] }, ['A'])
  await made.sync()
  for (const calls of [2, 1]) {
    made.coffer.set('shop/test/api/A', `after ${calls}`)
    made.faults.set(made.there.calls + calls - 1, 'crash after')
    await made.sync()
  }
  const again = await made.sync()
  expect(again?.map(({ item, outcome }) => [item.reason, outcome])).toEqual([
    ['unfinished', 'done'],
  ])
  expect(made.there.kept.get('A')?.text).toBe('after 1')
})

test('a creation that was cut off and is no longer declared is taken away', async () => {
  const made = scene({ call: [2, 'crash after'] }, ['A', 'B'])
  await made.sync()
  await made.sync({ ...made.target, entries: entriesOf(['A']) })
  expect([...made.there.kept.keys()]).toEqual(['A'])
})

const NEAR: [string, number, number | undefined, string][] = [
  ['at the instant of its beginning', 0, undefined, 'done'],
  ['as late as a creation may be', LIMITS.syncMakingMs, undefined, 'done'],
  ['a second later than that', LIMITS.syncMakingMs + 1_000, undefined, 'refused'],
  ['before its beginning', -1_000, undefined, 'refused'],
  ['in time, and changed in time', 1_000, LIMITS.syncMakingMs, 'done'],
  ['in time, and changed after', 1_000, LIMITS.syncMakingMs + 1_000, 'refused'],
  ['before, and changed in time', -1_000, 1_000, 'refused'],
]

test.each(NEAR)('of an entry made %s, the outcome is told', async (_, after, changed, outcome) => {
  const made = scene({ call: [2, 'crash before'] }, ['A'])
  await made.sync()
  const { entries } = (await planSync(made.target, made.world)).ledger
  const intent = entries.get('A')?.intent
  const began = intent?.kind === 'put' ? (intent.absentAt ?? 0) : 0
  expect(began % 1_000).toBe(0)
  const createdAt = began + after
  const updatedAt = began + (changed ?? after)
  made.there.kept.set('A', { text: 'there', revision: 99, createdAt, updatedAt })
  expect((await made.sync())?.map((one) => one.outcome)).toEqual([outcome])
  expect(made.there.kept.get('A')?.text).toBe(outcome === 'done' ? 'A' : 'there')
})

test('what is foreign is not taken for ours because its adoption was cut off', async () => {
  const made = scene({}, ['A'])
  made.there.put('A', 'foreign')
  made.faults.set(1, 'crash before')
  const plan = await planSync(made.target, made.world, { adopt: 'all' })
  await applySync(plan, made.target, made.world).catch(() => undefined)
  made.coffer.dead = false
  made.world.now += LIMITS.syncLeaseMs
  expect((await made.sync())?.map(({ outcome }) => outcome)).toEqual(['refused'])
  expect(made.there.kept.get('A')?.text).toBe('foreign')
})
