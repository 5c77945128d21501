import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { compareUtf8 } from '../../core/utf8-order.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import type { SyncReport } from './sync.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import type { TestCoffer, TestWorld } from './test-coffer.ts'
import { place } from './test-place.ts'
import type { Place, PlaceFault, PlaceTraits } from './test-place.ts'

const OWNER = 'shop/test'
const NAMES = ['A', 'B', 'C', 'D', 'E']

const fault = fc.constantFrom<PlaceFault>(
  'refuse',
  'no answer',
  'lost',
  'crash before',
  'crash after',
)
const story = fc.record({
  traits: fc.record({
    readable: fc.boolean(),
    marks: fc.boolean(),
    tells: fc.boolean(),
    batchMax: fc.integer({ min: 1, max: 3 }),
  }),
  foreign: fc.subarray(NAMES),
  first: fc.subarray(NAMES),
  second: fc.subarray(NAMES, { minLength: 1 }),
  rotated: fc.subarray(NAMES),
  faults: fc.array(fc.tuple(fc.nat(8), fault), { maxLength: 3 }),
  ledgerCrash: fc.option(fc.record({ writes: fc.nat(3), committed: fc.boolean() }), {
    nil: undefined,
  }),
  hands: fc.array(fc.tuple(fc.nat(8), fc.constantFrom(...NAMES)), { maxLength: 2 }),
})

/** One process after the other over the same place and store. */
interface Scene {
  readonly there: Place
  readonly coffer: TestCoffer
  readonly world: TestWorld
  readonly foreign: Map<string, string>
}

function scene(traits: PlaceTraits, options: Parameters<typeof place>[0]): Scene {
  const coffer = testCoffer()
  const there = place({ ...options, ...traits, crash: () => void (coffer.dead = true) })
  return { there, coffer, world: testWorld(coffer), foreign: new Map() }
}

/** Undefined: the process did not live to tell. What it held is gone, and its lease ends. */
async function run({ there, coffer, world }: Scene, names: readonly string[]) {
  const target = { destination: there.destination, owner: OWNER, entries: entriesOf(names) }
  let report: SyncReport | undefined
  try {
    report = await applySync(await planSync(target, world), target, world, { allowEmpty: true })
  } catch {
    report = undefined
  }
  if (coffer.dead) report = undefined
  coffer.dead = false
  world.now += LIMITS.syncLeaseMs
  return report
}

test('whatever fails at whatever call: foreign entries stay, and running again gets there', async () => {
  const seen = { refusedAsUnfinished: 0, crashed: 0, mended: 0 }
  await fc.assert(
    fc.asyncProperty(story, async (told) => {
      const { traits, first, second, rotated } = told
      let armed = -1
      const hands = new Map(told.hands)
      const faults = new Map<number, PlaceFault>()
      const made = scene(traits, {
        ...traits,
        faults,
        before: (call) => {
          // Somebody puts an entry of a name that is free, right before the call.
          const name = armed < 0 ? undefined : hands.get(call - armed)
          if (name !== undefined && !made.there.kept.has(name)) byHand(made, name)
        },
      })
      for (const name of NAMES) made.coffer.set(`shop/test/api/${name}`, `${name} 1`)
      for (const name of told.foreign) byHand(made, name)
      await run(made, first)
      for (const name of rotated) made.coffer.set(`shop/test/api/${name}`, `${name} 2`)

      armed = made.there.calls
      for (const [call, kind] of told.faults) faults.set(armed + call, kind)
      made.coffer.crashAt = told.ledgerCrash
      if ((await run(made, second)) === undefined) seen.crashed++
      faults.clear()
      armed = -1
      made.coffer.crashAt = undefined

      await run(made, second)
      const last = await run(made, second)
      if (last === undefined) throw new Error('it was not told')
      for (const [name, text] of made.foreign) {
        expect(made.there.kept.get(name)?.text, `foreign ${name}`).toBe(text)
      }
      for (const { item, error } of last.results) {
        expect(error).toBeUndefined()
        if (item.action === 'refused') {
          if (item.reason === 'unfinished') {
            expect(traits.readable || traits.marks).toBe(false)
            seen.refusedAsUnfinished++
          } else {
            expect(made.foreign.has(item.name), `${item.name} ${item.reason}`).toBe(true)
          }
          continue
        }
        expect(item.action).toBe('unchanged')
        const value = `${item.name} ${rotated.includes(item.name) ? 2 : 1}`
        expect(made.there.kept.get(item.name)?.text).toBe(value)
        seen.mended++
      }
      expect(last.results.map(({ item }) => item.name)).toEqual(second)
      const before = [made.there.writes, made.coffer.ledgerWrites]
      await run(made, second)
      expect([made.there.writes, made.coffer.ledgerWrites]).toEqual(before)
    }),
    { seed: 11, numRuns: 1_500 },
  )
  expect(seen.crashed).toBeGreaterThan(200)
  expect(seen.mended).toBeGreaterThan(1_000)
  expect(seen.refusedAsUnfinished).toBeGreaterThan(20)
})

test.each(['refuse', 'no answer', 'lost', 'crash before', 'crash after'] as const)(
  '%s at every call, one after the other: the next run finishes',
  async (kind) => {
    const traits = { readable: true, marks: true, tells: true, batchMax: 1 }
    for (let call = 0; ; call++) {
      const faults = new Map([[call, kind]])
      const made = scene(traits, { ...traits, faults })
      for (const name of NAMES) made.coffer.set(`shop/test/api/${name}`, name)
      const report = await run(made, NAMES)
      const { calls } = made.there
      const outcomes = report?.results.map(({ outcome }) => outcome) ?? []
      if (call >= calls) {
        expect(outcomes.every((outcome) => outcome === 'done')).toBe(true)
        expect(call).toBe(1 + NAMES.length)
        return
      }
      const isTold = call > 0 && !kind.startsWith('crash')
      const wrong = kind === 'refuse' ? 'failed' : 'unknown'
      expect(outcomes.filter((outcome) => outcome === wrong).length).toBe(isTold ? 1 : 0)
      expect(outcomes.filter((outcome) => outcome === 'done').length).toBe(isTold ? 4 : 0)
      const again = await run(made, NAMES)
      expect(again?.results.every(({ outcome }) => /^(done|unchanged)$/.test(outcome))).toBe(true)
      expect([...made.there.kept.keys()].toSorted(compareUtf8)).toEqual(NAMES)
    }
  },
)

function byHand({ there, foreign }: Scene, name: string): void {
  foreign.set(name, `foreign ${name}`)
  there.put(name, `foreign ${name}`)
}
