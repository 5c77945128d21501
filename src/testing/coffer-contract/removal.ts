import { expect, it } from 'vitest'
import type { Stage } from './world.ts'
import { DAY_MS, expectRefusal, revealed } from './world.ts'

/** Delete can be taken back; destroy and purge cannot. */
export function removalContract(stage: () => Stage): void {
  it('deletes softly, and undelete brings everything back', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x', owner: 'me' })
    const before = await coffer.describe(path)
    const gone = await coffer.delete(path, { recoveryDays: 7 })
    expect(gone).toMatchObject({ deletedAt: world.now(), purgeAt: world.now() + 7 * DAY_MS })
    await expectRefusal('deleted', () => coffer.read({ path }))
    await expectRefusal('deleted', () => coffer.read({ path, version: 1 }))
    await expectRefusal('deleted', () => coffer.write(path, { value: 'y' }))
    await expectRefusal('deleted', () => coffer.rotate(path))
    await expectRefusal('deleted', () => coffer.delete(path))
    expect((await coffer.list({ prefix: path })).items).toEqual([])
    expect((await coffer.list({ prefix: path, deleted: true })).items).toHaveLength(1)
    const back = await coffer.undelete(path)
    expect(back.versions).toEqual(before?.versions)
    expect(back).not.toHaveProperty('deletedAt')
    expect(back).not.toHaveProperty('purgeAt')
    expect(revealed(await coffer.read({ path }))).toBe('x')
    await expectRefusal('failed_precondition', () => coffer.undelete(path))
  })

  it('takes a recovery window within its limits', async () => {
    const { coffer, fresh } = stage()
    for (const recoveryDays of [0, 90]) {
      const path = fresh()
      await coffer.write(path, { value: 'x' })
      await coffer.delete(path, { recoveryDays })
    }
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    for (const recoveryDays of [-1, 91, 1.5, Number.NaN]) {
      await expectRefusal('invalid_argument', () => coffer.delete(path, { recoveryDays }))
    }
    expect(revealed(await coffer.read({ path }))).toBe('x')
  })

  it('destroys versions for good and leaves their places in the history', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    for (const value of ['a', 'b', 'c']) await coffer.write(path, { value })
    const record = await coffer.destroy(path, [1, 3, 1])
    expect(record.versions.map((v) => v.state)).toEqual(['destroyed', 'live', 'destroyed'])
    expect(record.versions[0]).toMatchObject({ destroyedAt: world.now() })
    await expectRefusal('destroyed', () => coffer.read({ path }))
    await expectRefusal('destroyed', () => coffer.read({ path, version: 1 }))
    expect(revealed(await coffer.read({ path, version: 2 }))).toBe('b')
    await expectRefusal('destroyed', () => coffer.updateVersion(path, 1, { enabled: true }))
    await expectRefusal('destroyed', () => coffer.label(path, { label: 'current', to: 1 }))
    expect((await coffer.write(path, { value: 'd' })).version).toBe(4)
  })

  it('refuses to destroy nothing, or more than a secret can have', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const many = Array.from({ length: 10_001 }, () => 1)
    for (const versions of [[], many, [1.5], 'all' as never]) {
      await expectRefusal(['invalid_argument', 'limit_exceeded', 'not_found'], () =>
        coffer.destroy(path, versions),
      )
    }
    expect(revealed(await coffer.read({ path }))).toBe('x')
  })

  it('purges a secret as if it had never been', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b' })
    await coffer.delete(path)
    await coffer.purge(path)
    expect(await coffer.read({ path })).toBeUndefined()
    expect(await coffer.read({ path, version: 1 })).toBeUndefined()
    expect((await coffer.list({ prefix: path, deleted: true })).items).toEqual([])
  })
}
