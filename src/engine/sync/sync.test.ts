import { expect, test } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { SecretValue } from '../../core/value.ts'
import { applySync } from './apply.ts'
import { loadLedger, ledgerPath } from './ledger.ts'
import { ledgerWriter } from './ledger-writer.ts'
import { planSync } from './plan.ts'
import type { PlanOptions } from './plan.ts'
import type { SyncEntry, SyncPlan, SyncTarget } from './sync.ts'
import { entriesOf, testCoffer, testWorld } from './test-coffer.ts'
import type { TestCoffer } from './test-coffer.ts'
import { ANY_PLACE, place } from './test-place.ts'
import type { Place, PlaceOptions } from './test-place.ts'

const OWNER = 'shop/test'
const PATH = 'shop/test/api/'

interface Setting {
  readonly coffer: TestCoffer
  readonly world: ReturnType<typeof testWorld>
  readonly there: Place
  plan(names: readonly string[] | SyncEntry[], options?: PlanOptions): Promise<SyncPlan>
  sync(
    names: readonly string[] | SyncEntry[],
    options?: PlanOptions & Parameters<typeof applySync>[3],
  ): Promise<string[]>
}

function setting(options: Partial<PlaceOptions> = {}, coffer = testCoffer(), owner = OWNER) {
  const there = place({ ...ANY_PLACE, ...options })
  return settingAt(there, coffer, owner)
}

function settingAt(there: Place, coffer: TestCoffer, owner = OWNER): Setting {
  const world = testWorld(coffer)
  const target = (names: readonly (string | SyncEntry)[]): SyncTarget => ({
    destination: there.destination,
    owner,
    entries: names.flatMap((name) => (typeof name === 'string' ? entriesOf([name]) : [name])),
  })
  const plan: Setting['plan'] = (names, more) => planSync(target(names), world, more)
  return {
    coffer,
    world,
    there,
    plan,
    async sync(names, more = {}) {
      const made = await plan(names, more)
      const { results, error } = await applySync(made, target(names), world, more)
      expect(error).toBeUndefined()
      return results.map(({ item, outcome }) => `${item.name} ${item.action} ${outcome}`)
    },
  }
}

const told = ({ items }: SyncPlan) =>
  items.map(({ name, action, reason }) => `${name} ${action} ${reason}`)

test('what is new is created, what is there is not touched again', async () => {
  const { coffer, plan, sync, there } = setting()
  coffer.set(`${PATH}A`, 'one')
  coffer.set(`${PATH}B`, 'two')
  expect(told(await plan(['B', 'A']))).toEqual(['A create new', 'B create new'])
  expect(there.writes).toBe(0)
  expect(await sync(['B', 'A'])).toEqual(['A create done', 'B create done'])
  expect(there.kept.get('A')?.text).toBe('one')
  const before = [there.writes, coffer.ledgerWrites, coffer.reads]
  expect(await sync(['A', 'B'])).toEqual(['A unchanged unchanged', 'B unchanged unchanged'])
  expect([there.writes, coffer.ledgerWrites, coffer.reads]).toEqual(before)
})

test('a new value is delivered, the same value in a new version is not', async () => {
  const { coffer, plan, sync, there } = setting()
  coffer.set(`${PATH}A`, 'one')
  await sync(['A'])
  coffer.set(`${PATH}A`, 'one')
  expect(told(await plan(['A']))).toEqual(['A unchanged in_step'])
  coffer.set(`${PATH}A`, 'two')
  expect(await sync(['A'])).toEqual(['A update done'])
  expect(there.kept.get('A')?.text).toBe('two')
})

test('two plans of the same state are the same', async () => {
  const { coffer, plan, sync, there } = setting()
  for (const name of ['A', 'B', 'C']) coffer.set(PATH + name, name)
  there.put('B', 'foreign')
  const texts = [await plan(['C', 'A', 'B']), await plan(['A', 'B', 'C'])]
  expect(JSON.stringify(texts[0]?.items)).toBe(JSON.stringify(texts[1]?.items))
  await sync(['A'])
  expect(JSON.stringify((await plan(['A', 'B'])).items)).toBe(
    JSON.stringify((await plan(['B', 'A'])).items),
  )
})

test('a foreign entry is refused until it is named, and the others go on', async () => {
  const { coffer, sync, there } = setting()
  for (const name of ['A', 'B']) coffer.set(PATH + name, name)
  there.put('A', 'foreign')
  expect(await sync(['A', 'B'])).toEqual(['A refused refused', 'B create done'])
  expect(there.kept.get('A')?.text).toBe('foreign')
  expect(await sync(['A', 'B'], { adopt: new Set(['A']) })).toEqual([
    'A adopt done',
    'B unchanged unchanged',
  ])
  expect(there.kept.get('A')?.text).toBe('A')
})

test('what is no longer declared is deleted if it is ours and as we left it', async () => {
  const { coffer, plan, sync, there } = setting()
  for (const name of ['A', 'B', 'C']) coffer.set(PATH + name, name)
  there.put('FOREIGN', 'stays')
  await sync(['A', 'B', 'C'])
  there.put('C', 'by hand')
  const gone = ['A unchanged in_step', 'B delete not_declared', 'C refused changed_there']
  expect(told(await plan(['A']))).toEqual(gone)
  expect(await sync(['A'], { keep: true })).toContain('B delete kept')
  await sync(['A'])
  expect([...there.kept.keys()]).toEqual(['FOREIGN', 'A', 'C'])
  await sync(['A'], { adopt: new Set(['C']) })
  expect([...there.kept.keys()]).toEqual(['FOREIGN', 'A'])
})

test('all that is ours is deleted only when it is said', async () => {
  const { coffer, plan, sync, there } = setting()
  coffer.set(`${PATH}A`, 'one')
  await sync(['A'])
  expect(told(await plan([]))).toEqual(['A delete not_declared'])
  await expect(sync([])).rejects.toMatchObject({ code: 'invalid_argument' })
  expect(there.kept.size).toBe(1)
  expect(await sync([], { allowEmpty: true })).toEqual(['A delete done'])
  expect(there.kept.size).toBe(0)
  expect(await sync([])).toEqual([])
})

test.each([
  ['readable', { readable: true }],
  ['write-only', { readable: false }],
  ['write-only that tells no revision', { readable: false, tells: false }],
])('drift at a %s place is seen and mended', async (_, traits) => {
  const { coffer, plan, sync, there } = setting(traits)
  for (const name of ['A', 'B']) coffer.set(PATH + name, name)
  await sync(['A', 'B'])
  expect(told(await plan(['A', 'B']))).toEqual(['A unchanged in_step', 'B unchanged in_step'])
  there.put('A', 'by hand')
  there.remove('B')
  expect(told(await plan(['A', 'B']))).toEqual(['A drifted changed_there', 'B create vanished'])
  expect(await sync(['A', 'B'])).toEqual(['A drifted done', 'B create done'])
  expect(there.kept.get('A')?.text).toBe('A')
})

test('two projects cannot have one name at one place, before anything is there', async () => {
  const coffer = testCoffer()
  const mine = setting({}, coffer)
  const theirs = settingAt(mine.there, coffer, 'other/test')
  coffer.set(`${PATH}A`, 'one')
  await mine.sync(['A'])
  const refused = await theirs.plan(['A'], { adopt: 'all' })
  expect(told(refused)).toEqual(['A refused owned_by_other'])
  expect(refused.items[0]?.message).toContain(OWNER)
  expect(refused.items[0]?.remedy).toContain('the other manifest')
  const sibling = settingAt(mine.there, coffer, OWNER.replace(/\/.*/, '/sibling'))
  expect((await sibling.plan(['A'])).items[0]?.remedy).toContain('environments: […]')
  expect(await theirs.sync([])).toEqual([])
  mine.there.remove('A')
  expect(told(await theirs.plan(['A']))).toEqual(['A refused owned_by_other'])
})

test('where there are marks, they and the ledger must agree', async () => {
  const coffer = testCoffer()
  const { plan, sync, there } = setting({ marks: true }, coffer)
  for (const name of ['A', 'B', 'C', 'D']) coffer.set(PATH + name, name)
  await sync(['A', 'B'])
  there.put('B', 'made anew')
  const made = { text: 'x', createdAt: 0, updatedAt: 0 }
  there.kept.set('C', { ...made, owner: OWNER, revision: 99 })
  there.kept.set('D', { ...made, owner: 'other/prod', revision: 98 })
  const names = ['A', 'B', 'C', 'D']
  expect(told(await plan(names))).toEqual([
    'A unchanged in_step',
    'B refused mark_gone',
    'C refused not_in_ledger',
    'D refused owned_by_other',
  ])
  expect(told(await plan(names, { adopt: 'all' }))).toEqual([
    'A unchanged in_step',
    'B adopt mark_gone',
    'C adopt not_in_ledger',
    'D refused owned_by_other',
  ])
  expect(told(await plan(['A']))).toEqual(['A unchanged in_step', 'B forget mark_gone'])
  await sync(['A'])
  expect(there.kept.get('B')?.text).toBe('made anew')
})

test('what cannot be there is refused in the plan, with the reason', async () => {
  const limits = { valueBytesMax: 10, entriesMax: 3, totalBytesMax: 20 }
  const { coffer, plan, there } = setting({ readable: true, limits })
  const values: Record<string, string | Uint8Array> = {
    AT_LIMIT: 'x'.repeat(10),
    BINARY: Buffer.from([0xff]),
    NUL: 'a\0b',
    OVER: 'x'.repeat(11),
    ROOM: '12345',
    ROOM2: '123',
    small: 'x',
  }
  for (const [name, value] of Object.entries(values)) coffer.set(PATH + name, value)
  coffer.denied.add(`${PATH}DENIED`)
  there.put('FOREIGN', '12')
  const all = [...Object.keys(values), 'ABSENT', 'DENIED']
  expect(told(await plan(all))).toEqual([
    'ABSENT refused not_found',
    'AT_LIMIT create new',
    'BINARY refused invalid_value',
    'DENIED refused denied',
    'NUL refused invalid_value',
    'OVER refused too_large',
    'ROOM create new',
    'ROOM2 refused limit_exceeded',
    'small refused invalid_argument',
  ])
})

test('an optional secret that is absent is not wanted, and what was delivered of it goes', async () => {
  const { coffer, plan, sync } = setting()
  const [a, b] = entriesOf(['A', 'B'])
  const entries = [a, { ...b, optional: true }] as SyncEntry[]
  coffer.set(`${PATH}A`, 'one')
  expect(told(await plan(entries))).toEqual(['A create new'])
  coffer.set(`${PATH}B`, 'two')
  await sync(entries)
  coffer.remove(`${PATH}B`)
  expect(await sync(entries)).toEqual(['A unchanged unchanged', 'B delete done'])
})

test('a value of another provider is decided here before it is asked for there', async () => {
  const { coffer, plan, sync, there, world } = setting()
  const entry = (name: string): SyncEntry => ({
    name,
    path: PATH + name,
    ref: { provider: 'aws', key: `/shop/${name}` },
    elsewhere: `aws:/shop/${name}`,
  })
  coffer.denied.add(`${PATH}B`)
  const asked: string[] = []
  const { elsewhere } = world
  Object.assign(world, {
    elsewhere: (refs: Parameters<typeof elsewhere>[0]) => {
      asked.push(...refs.map(({ key }) => key))
      return elsewhere(refs)
    },
  })
  expect(told(await plan([entry('A'), entry('B')]))).toEqual(['A create new', 'B refused denied'])
  expect(asked).toEqual(['/shop/A'])
  await sync([entry('A')])
  expect(there.kept.get('A')?.text).toBe('/shop/A')
  expect(await sync([entry('A')])).toEqual(['A unchanged unchanged'])
})

test('two who sync at once: the second is told who does, and a dead one ends by itself', async () => {
  const { coffer, plan, world, there } = setting()
  coffer.set(`${PATH}A`, 'one')
  const target = { destination: there.destination, owner: OWNER, entries: entriesOf(['A']) }
  const [first, second] = [await plan(['A']), await plan(['A'])]
  await ledgerWriter(first.ledger, world).write(new Map(), false)
  await expect(applySync(second, target, world)).rejects.toMatchObject({ code: 'conflict' })
  const late = await plan(['A'])
  await expect(applySync(late, target, world)).rejects.toThrow(/local:tester is syncing/)
  expect(there.writes).toBe(0)
  world.now += LIMITS.syncLeaseMs - 1
  await expect(applySync(await plan(['A']), target, world)).rejects.toThrow(/is syncing/)
  world.now += 1
  const { results } = await applySync(await plan(['A']), target, world)
  expect(results.map(({ outcome }) => outcome)).toEqual(['done'])
})

test('a plan that is no longer so is not applied', async () => {
  const { coffer, plan, sync, there, world } = setting()
  coffer.set(`${PATH}A`, 'one')
  const target = { destination: there.destination, owner: OWNER, entries: entriesOf(['A']) }
  const old = await plan(['A'])
  await sync(['A'])
  await expect(applySync(old, target, world)).rejects.toMatchObject({ code: 'conflict' })
})

test('a value that is not the planned one is not pushed', async () => {
  const { coffer, plan, there, world } = setting()
  coffer.set(`${PATH}A`, 'one')
  const target = { destination: there.destination, owner: OWNER, entries: entriesOf(['A']) }
  const made = await plan(['A'])
  coffer.secrets.set(`${PATH}A`, ['swapped'])
  const { results } = await applySync(made, target, world)
  expect(results[0]).toMatchObject({ outcome: 'failed', error: { code: 'conflict' } })
  expect(there.kept.size).toBe(0)
})

test('at its limit of entries a ledger works, in documents that any store takes', async () => {
  const { coffer, world } = setting()
  const count = LIMITS.syncEntriesMax
  const entry = { owner: OWNER, path: `${PATH}${'x'.repeat(60)}` }
  const there = { fingerprint: 'f'.repeat(32), bytes: 100, version: 7, revision: 'r', at: 1 }
  const name = (i: number) => `${'N'.repeat(40)}_${i}`
  const many = new Map(Array.from({ length: count }, (_, i) => [name(i), { ...entry, there }]))
  const ledger = await loadLedger(world, 'memory:big')
  const writer = ledgerWriter(ledger, world)
  await writer.write(many, false)
  for (const [path, versions] of coffer.secrets) {
    for (const value of versions) {
      expect(JSON.stringify(value).length, path).toBeLessThanOrEqual(LIMITS.valueBytesMax)
    }
  }
  const before = coffer.ledgerWrites
  await writer.write(new Map([[name(3), undefined]]), true)
  expect(coffer.ledgerWrites - before).toBe(2)
  const loaded = await loadLedger(world, 'memory:big')
  expect(loaded.entries.size).toBe(count - 1)
  expect(loaded.entries.get(name(4))).toEqual({ ...entry, there })
  const full = ledgerWriter(loaded, world)
  await full.write(new Map([[name(3), entry]]), false)
  await expect(full.write(new Map([['ONE_MORE', entry]]), true)).rejects.toMatchObject({
    code: 'limit_exceeded',
  })
})

test('a ledger that is none, or half of one, is corrupt and never taken for empty', async () => {
  const { coffer, plan, sync, there } = setting()
  coffer.set(`${PATH}A`, 'one')
  await sync(['A'])
  const path = ledgerPath(there.destination.id)
  const shard = `${path}/1-0`
  const [head, old] = [coffer.secrets.get(path) ?? [], coffer.secrets.get(shard) ?? []]
  const bad: SecretValue[] = ['text', { format: 1 }, { format: 1, destination: 'memory:other' }]
  for (const value of bad) {
    coffer.secrets.set(path, [...head, value])
    await expect(plan(['A'])).rejects.toMatchObject({ code: 'corrupt' })
  }
  coffer.secrets.set(path, [...head, { format: 2 }])
  await expect(plan(['A'])).rejects.toMatchObject({ code: 'store_newer' })
  coffer.secrets.set(path, head)
  coffer.secrets.set(shard, old.slice(0, 1))
  await expect(plan(['A'])).rejects.toMatchObject({ code: 'corrupt' })
  coffer.secrets.set(shard, old)
  expect(told(await plan(['A']))).toEqual(['A unchanged in_step'])
})
