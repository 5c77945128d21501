import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { MetadataChange } from '../../core/ports/coffer.ts'
import type { Stage } from './world.ts'
import { expectRefusal } from './world.ts'

const tags = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`tag-${i}`, 'x']))

const dialects = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`dialect-${i}`, 'x']))

/** Exactly so many bytes as JSON. */
const kept = (bytes: number) => {
  const around = JSON.stringify({ vault: { data: '' } }).length
  return { vault: { data: 'x'.repeat(bytes - around) } }
}

/** What is at a limit, and what is one past it. */
const METADATA: Readonly<Record<string, { at: MetadataChange; past: MetadataChange }>> = {
  description: {
    at: { description: 'é'.repeat(LIMITS.descriptionCharsMax) },
    past: { description: 'x'.repeat(LIMITS.descriptionCharsMax + 1) },
  },
  owner: {
    at: { owner: 'x'.repeat(LIMITS.ownerCharsMax) },
    past: { owner: 'x'.repeat(LIMITS.ownerCharsMax + 1) },
  },
  classification: {
    at: { classification: 'x'.repeat(LIMITS.classificationCharsMax) },
    past: { classification: 'x'.repeat(LIMITS.classificationCharsMax + 1) },
  },
  'number of tags': {
    at: { tags: tags(LIMITS.tagsMax) },
    past: { tags: tags(LIMITS.tagsMax + 1) },
  },
  'tag names': {
    at: { tags: { ['k'.repeat(LIMITS.tagKeyCharsMax)]: 'x' } },
    past: { tags: { ['k'.repeat(LIMITS.tagKeyCharsMax + 1)]: 'x' } },
  },
  'tag values': {
    at: { tags: { k: 'v'.repeat(LIMITS.tagValueCharsMax) } },
    past: { tags: { k: 'v'.repeat(LIMITS.tagValueCharsMax + 1) } },
  },
  maxVersions: {
    at: { maxVersions: LIMITS.versionsMax },
    past: { maxVersions: LIMITS.versionsMax + 1 },
  },
  spellings: {
    at: { spellings: { aws: 'x'.repeat(LIMITS.spellingCharsMax) } },
    past: { spellings: { aws: 'x'.repeat(LIMITS.spellingCharsMax + 1) } },
  },
  dialects: {
    at: { spellings: dialects(LIMITS.dialectsMax) },
    past: { spellings: dialects(LIMITS.dialectsMax + 1) },
  },
  'bytes kept for dialects': {
    at: { dialects: kept(LIMITS.dialectBytesMax) },
    past: { dialects: kept(LIMITS.dialectBytesMax + 1) },
  },
  'rotation days': {
    at: { rotation: { everyDays: LIMITS.rotateEveryDaysMax, automatic: true } },
    past: { rotation: { everyDays: LIMITS.rotateEveryDaysMax + 1, automatic: true } },
  },
}

const MALFORMED: readonly MetadataChange[] = [
  { description: 5 as never },
  { owner: 'half \ud800' },
  { tags: ['a'] as never },
  { tags: { '': 'x' } },
  { tags: { k: 5 as never } },
  { maxVersions: 0 },
  { maxVersions: 1.5 },
  { rotation: { everyDays: 0, automatic: true } },
  { rotation: 'daily' as never },
  { type: { name: 'no-such-type' } as never },
  { spellings: 'x' as never },
  { spellings: { aws: 'x'.repeat(5_000) } },
  { dialects: { aws: 'x' as never } },
  { dialects: { vault: { blob: 'x'.repeat(100_000) } } },
]

/** Every limit is taken at the limit and refused one past it, leaving nothing behind. */
export function limitsContract(stage: () => Stage): void {
  it.each(Object.entries(METADATA))('%s: at the limit and one past', async (_, { at, past }) => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x', ...at })
    const record = await coffer.describe(path)
    expect(record).toMatchObject(at)
    await expectRefusal(['too_large', 'invalid_argument'], () => coffer.update(path, past))
    await expectRefusal(['too_large', 'invalid_argument'], () =>
      coffer.write(path, { value: 'x', ...past }),
    )
    expect(await coffer.describe(path)).toEqual(record)
  })

  it('keeps what is undefined, removes what is null, replaces tags as a whole', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x', owner: 'me', description: 'd', tags: { a: '1' } })
    const changed = await coffer.update(path, { owner: null, tags: { b: '2' } })
    expect(changed).toMatchObject({ description: 'd', tags: { b: '2' } })
    expect(changed).not.toHaveProperty('owner')
    expect(changed.versions).toHaveLength(1)
    await coffer.write(path, { value: 'y' })
    expect(await coffer.describe(path)).toMatchObject({ description: 'd', tags: { b: '2' } })
  })

  it.each(MALFORMED.map((change, i) => [i, change] as const))(
    'refuses malformed metadata (%i)',
    async (_, change) => {
      const { coffer, fresh } = stage()
      const path = fresh()
      await coffer.write(path, { value: 'x' })
      await expectRefusal(['invalid_argument', 'too_large', 'invalid_value'], () =>
        coffer.update(path, change),
      )
      expect((await coffer.describe(path))?.revision).toBe(1)
    },
  )

  it('paths: at 512 bytes and 64 segments, and one past', async () => {
    const { coffer, fresh } = stage()
    const root = `${fresh()}/`
    const at = root + 'p'.repeat(LIMITS.pathBytesMax - root.length)
    await coffer.write(at, { value: 'x' })
    await expectRefusal('too_large', () => coffer.write(`${at}p`, { value: 'x' }))
    await expectRefusal('too_large', () => coffer.read({ path: `${at}p` }))
    const deep = root + Array.from({ length: LIMITS.pathSegmentsMax - 2 }, () => 'd').join('/')
    expect(await coffer.write(deep, { value: 'x' })).toMatchObject({ path: deep })
    await expectRefusal('too_large', () => coffer.write(`${deep}/d`, { value: 'x' }))
  })

  it('tokens: at the limit and one past', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x', token: 't'.repeat(LIMITS.tokenCharsMax) })
    for (const token of ['', 't'.repeat(LIMITS.tokenCharsMax + 1), 7 as never]) {
      await expectRefusal('invalid_argument', () => coffer.write(path, { value: 'x', token }))
    }
    expect((await coffer.describe(path))?.versions).toHaveLength(1)
  })

  it('dialect ids: small text only', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const at = 'a'.repeat(LIMITS.versionIdCharsMax)
    await coffer.write(path, { value: 'x', ids: { aws: at } })
    expect((await coffer.describe(path))?.versions[0]?.ids).toEqual({ aws: at })
    for (const ids of [{ aws: `${at}a` }, { aws: 5 }, 'x'] as never[]) {
      await expectRefusal(['invalid_argument', 'too_large'], () =>
        coffer.write(path, { value: 'x', ids }),
      )
    }
  })

  it('batches: at the limit and one past', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const refs = Array.from({ length: LIMITS.batchMax }, () => ({ path }))
    expect(await coffer.readMany(refs)).toHaveLength(LIMITS.batchMax)
    await expectRefusal('limit_exceeded', () => coffer.readMany([...refs, { path }]))
    const item = { path, input: { value: 'x' } }
    const items = Array.from({ length: LIMITS.writeManyMax + 1 }, () => item)
    await expectRefusal('limit_exceeded', () => coffer.writeMany(items))
  })
}
