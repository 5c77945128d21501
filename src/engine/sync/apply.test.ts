import { expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'

test('when what comes after the push fails, it is told, and the lease is given back', async () => {
  const coffer = testCoffer()
  const there = place(ANY_PLACE)
  const finish = async () => {
    throw new CofferError('unavailable', 'Nothing could be restarted.')
  }
  const destination = { ...there.destination, finish }
  const world = testWorld(coffer)
  coffer.set('shop/test/api/A', 'one')
  const target = { destination, owner: 'shop/test', entries: entriesOf(['A']) }
  const report = await applySync(await planSync(target, world), target, world)
  expect(report).toMatchObject({ error: { code: 'unavailable' }, results: [{ outcome: 'done' }] })
  const { items, ledger } = await planSync(target, world)
  expect([items[0]?.action, ledger.lease]).toEqual(['unchanged', undefined])
})

test('a run that is cancelled hears out what was begun, and leaves the rest', async () => {
  const coffer = testCoffer()
  const stop = new AbortController()
  const there = place({ ...ANY_PLACE, batchMax: 1, before: (call) => call === 2 && stop.abort() })
  const world = { ...testWorld(coffer), signal: stop.signal }
  const names = ['A', 'B', 'C']
  for (const name of names) coffer.set(`shop/test/api/${name}`, name)
  const target = { destination: there.destination, owner: 'shop/test', entries: entriesOf(names) }
  const { results, error } = await applySync(await planSync(target, world), target, world)
  expect(error).toMatchObject({ code: 'cancelled' })
  expect(results.map(({ outcome }) => outcome)).toEqual(['done', 'done', 'skipped'])
  const again = await planSync(target, testWorld(coffer))
  expect(again.items.map(({ action }) => action)).toEqual(['unchanged', 'unchanged', 'create'])
  expect(again.ledger.lease).toBeUndefined()
})
