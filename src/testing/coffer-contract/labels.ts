import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { Stage } from './world.ts'
import { expectRefusal, revealed } from './world.ts'

/** `current` moves with a write, `previous` follows it, every other label stays where it was put. */
export function labelsContract(stage: () => Stage): void {
  it('moves current with a write and lets previous follow', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    expect((await coffer.describe(path))?.labels).toEqual({ current: 1 })
    expect(await coffer.read({ path, label: 'previous' })).toBeUndefined()
    await coffer.write(path, { value: 'b' })
    await coffer.write(path, { value: 'c' })
    expect((await coffer.describe(path))?.labels).toEqual({ current: 3, previous: 2 })
    expect(revealed(await coffer.read({ path, label: 'previous' }))).toBe('b')
    expect((await coffer.read({ path, version: 2 }))?.labels).toEqual(['previous'])
  })

  it('stages pending beside current and promotes it', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b', labels: ['pending'] })
    expect(revealed(await coffer.read({ path }))).toBe('a')
    const record = await coffer.label(path, { label: 'current', to: 2, from: 1 })
    expect(record.labels).toEqual({ current: 2, previous: 1, pending: 2 })
    expect((await coffer.label(path, { label: 'pending' })).labels).toEqual({
      current: 2,
      previous: 1,
    })
    expect(record.versions).toHaveLength(2)
  })

  it('leaves all labels where they are when none are given', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b', labels: [] })
    expect((await coffer.describe(path))?.labels).toEqual({ current: 1 })
    expect(revealed(await coffer.read({ path, version: 2 }))).toBe('b')
  })

  it('keeps a label on one version, and moves it only from where it must be', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b' })
    await coffer.label(path, { label: 'blue/green', to: 1 })
    await expectRefusal('conflict', () =>
      coffer.label(path, { label: 'blue/green', to: 2, from: 2 }),
    )
    await expectRefusal('conflict', () =>
      coffer.label(path, { label: 'blue/green', to: 2, from: 0 }),
    )
    await coffer.label(path, { label: 'blue/green', to: 2, from: 1 })
    await coffer.label(path, { label: 'new', to: 2, from: 0 })
    expect(revealed(await coffer.read({ path, label: 'blue/green' }))).toBe('b')
    await expectRefusal('not_found', () => coffer.label(path, { label: 'blue/green', to: 9 }))
    await coffer.label(path, { label: 'blue/green' })
    await expectRefusal('not_found', () => coffer.label(path, { label: 'blue/green' }))
    await expectRefusal('invalid_argument', () => coffer.label(path, { label: 'current' }))
  })

  it('rolls back without making a version', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    for (const value of ['a', 'b', 'c']) await coffer.write(path, { value })
    const record = await coffer.rollback(path, 1)
    expect(record.labels).toEqual({ current: 1, previous: 3 })
    expect(record.versions).toHaveLength(3)
    expect(record.nextVersion).toBe(4)
    expect(revealed(await coffer.read({ path }))).toBe('a')
    await expectRefusal('failed_precondition', () => coffer.rollback(path, 1))
    await expectRefusal('not_found', () => coffer.rollback(path, 7))
    await coffer.destroy(path, [2])
    await expectRefusal('destroyed', () => coffer.rollback(path, 2))
    expect((await coffer.write(path, { value: 'd' })).version).toBe(4)
  })

  it('takes labels at their limits and refuses one past', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.label(path, { label: 'l'.repeat(LIMITS.labelCharsMax), to: 1 })
    for (let n = 2; n < LIMITS.labelsPerSecretMax; n++) {
      await coffer.label(path, { label: `label-${n}`, to: 1 })
    }
    await expectRefusal('limit_exceeded', () => coffer.label(path, { label: 'more', to: 1 }))
    const long = 'l'.repeat(LIMITS.labelCharsMax + 1)
    for (const label of [long, 'l'.repeat(100_000), '', '1st', 'sp ace', 'a\nb', 'é']) {
      await expectRefusal('invalid_label', () => coffer.label(path, { label, to: 1 }))
      await expectRefusal('invalid_label', () => coffer.read({ path, label }))
      await expectRefusal('invalid_label', () =>
        coffer.write(path, { value: 'x', labels: [label] }),
      )
    }
    const record = await coffer.describe(path)
    expect(Object.keys(record?.labels ?? {})).toHaveLength(LIMITS.labelsPerSecretMax)
  })
}
