import { expect, test } from 'vitest'
import { CofferError } from '../../core/errors.ts'
import type { ReadRef } from '../../core/ports/coffer.ts'
import type { ProviderRef } from '../../core/ports/provider.ts'
import { applySync } from './apply.ts'
import { planSync } from './plan.ts'
import type { SyncEntry } from './sync.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'

function setting() {
  const coffer = testCoffer()
  const there = place(ANY_PLACE)
  const world = {
    ...testWorld(coffer),
    material: ({ field }: ProviderRef, secret: { reveal(): unknown }) =>
      Buffer.from(
        field === undefined ? 'whole' : ((secret.reveal() as { [k: string]: string })[field] ?? ''),
      ),
  }
  const sync = async (entries: readonly SyncEntry[]) => {
    const target = { destination: there.destination, owner: 'shop/test', entries }
    const { results } = await applySync(await planSync(target, world), target, world)
    return results.map(({ item, outcome }) => `${item.name} ${item.action} ${outcome}`)
  }
  return { coffer, there, sync }
}

test('another part of the same version is another value', async () => {
  const { coffer, there, sync } = setting()
  const path = 'shop/test/api/A'
  coffer.set(path, { x: 'one', y: 'two' })
  const entry = (field?: string): SyncEntry => ({
    name: 'A',
    path,
    ref: { provider: 'coffer', key: path, ...(field === undefined ? {} : { field }) },
  })
  for (const [field, text] of [
    ['x', 'one'],
    ['y', 'two'],
    [undefined, 'whole'],
    ['x', 'one'],
  ] as const) {
    const action = there.writes === 0 ? 'create' : 'update'
    expect(await sync([entry(field)])).toEqual([`A ${action} done`])
    expect(there.kept.get('A')?.text).toBe(text)
    expect(await sync([entry(field)])).toEqual(['A unchanged unchanged'])
  }
})

test('who may deliver and see nothing else delivers; other troubles are not taken for that', async () => {
  const { coffer, sync } = setting()
  const names = ['A', 'B', 'C', 'D', 'E']
  for (const name of names) coffer.set(`shop/test/api/${name}`, name)
  await sync(entriesOf(names))
  let thrown = new CofferError('denied', 'It may not be.')
  const fail = async () => {
    throw thrown
  }
  Object.assign(coffer.coffer, { describe: fail, list: fail })
  const still = (await sync(entriesOf(names))).every((line) => line.endsWith('unchanged unchanged'))
  expect(still).toBe(true)
  expect(await sync(entriesOf(['A']))).toContain('B delete done')
  thrown = new CofferError('store_busy', 'It is busy.')
  await expect(sync(entriesOf(['A']))).rejects.toMatchObject({ code: 'store_busy' })
})

test('what is ours counts with its size where the place does not tell it', async () => {
  const coffer = testCoffer()
  const limits = { totalBytesMax: 10 }
  const { destination } = place({ ...ANY_PLACE, limits })
  const world = testWorld(coffer)
  for (const name of ['A', 'B', 'C']) coffer.set(`shop/test/api/${name}`, '12345')
  const at = (names: readonly string[]) => ({
    destination,
    owner: 'shop/test',
    entries: entriesOf(names),
  })
  await applySync(await planSync(at(['A', 'B']), world), at(['A', 'B']), world)
  const actions = async (names: readonly string[]) =>
    (await planSync(at(names), world)).items.map(({ name, action }) => `${name} ${action}`)
  expect(await actions(['A', 'B', 'C'])).toEqual(['A unchanged', 'B unchanged', 'C refused'])
  // What goes makes room.
  expect(await actions(['A', 'C'])).toEqual(['A unchanged', 'B delete', 'C create'])
})

test('a value is asked for with the audience of its place, where the id does not say who that is', async () => {
  for (const audience of [undefined, 'test:place/all']) {
    const coffer = testCoffer()
    coffer.set('shop/test/api/A', 'v')
    const destination = { ...place(ANY_PLACE).destination, audience }
    const target = { destination, owner: 'shop/test', entries: entriesOf(['A']) }
    const { readMany } = coffer.coffer
    const asked = new Set<string | undefined>()
    Object.assign(coffer.coffer, {
      readMany: (refs: readonly ReadRef[]) => {
        for (const { deliverTo } of refs) if (deliverTo !== undefined) asked.add(deliverTo)
        return readMany(refs)
      },
    })
    const world = testWorld(coffer)
    await applySync(await planSync(target, world), target, world)
    expect([...asked]).toEqual([audience ?? destination.id])
  }
})
