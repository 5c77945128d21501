import { expect, test } from 'vitest'
import type { DestinationChange, DestinationLimits } from '../../core/ports/destination.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'

/** What is done in which order when A and B get other names. */
async function renaming(limits: Partial<DestinationLimits>, batchMax = 1): Promise<string[]> {
  const coffer = testCoffer()
  const { destination } = place({ ...ANY_PLACE, batchMax, limits })
  const made: string[] = []
  const watched = {
    ...destination,
    async apply(...[context, changes]: Parameters<typeof destination.apply>) {
      made.push(...changes.map(({ kind, name }: DestinationChange) => `${kind} ${name}`))
      return destination.apply(context, changes)
    },
  }
  const world = testWorld(coffer)
  for (const name of ['A', 'B', 'C', 'D']) coffer.set(`shop/test/api/${name}`, '12345')
  for (const names of [
    ['A', 'B'],
    ['C', 'D'],
  ]) {
    made.length = 0
    const target = { destination: watched, owner: 'shop/test', entries: entriesOf(names) }
    const { results } = await applySync(await planSync(target, world), target, world)
    expect(results.every(({ outcome }) => outcome === 'done')).toBe(true)
  }
  return made
}

const kinds = (made: readonly string[]) => made.map((one) => one.split(' ')[0])

test('what gets another name is there all the time: what goes goes last', async () => {
  const lasting = ['put', 'put', 'remove', 'remove']
  expect(kinds(await renaming({}))).toEqual(lasting)
  expect(kinds(await renaming({}, 3))).toEqual(lasting)
  expect(kinds(await renaming({ totalBytesMax: 20, entriesMax: 4 }))).toEqual(lasting)
})

test('where there is no room for both, what goes goes first', async () => {
  const making = ['remove', 'remove', 'put', 'put']
  expect(kinds(await renaming({ totalBytesMax: 19 }))).toEqual(making)
  expect(kinds(await renaming({ entriesMax: 3 }))).toEqual(making)
})
