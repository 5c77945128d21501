import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import type { Stage } from './world.ts'
import { actorWith, expectRefusal, revealed } from './world.ts'

/** Changes of a part: a merge patch, a secret without versions, one version deleted. */
export function partialContract(stage: () => Stage): void {
  it('merges a patch into the current value, without a right to read it', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await expectRefusal('not_found', () => coffer.write(path, { mergePatch: { a: 1 } }))
    await coffer.write(path, { value: { a: 1, b: { c: 2, d: 3 }, e: [1] } })
    const mergePatch = { a: null, b: { c: null, x: 'y' }, e: { f: null, g: 1 } }
    const receipt = await coffer.write(path, { mergePatch, ifVersion: 1 })
    expect(receipt.version).toBe(2)
    expect(revealed(await coffer.read({ path }))).toEqual({ b: { d: 3, x: 'y' }, e: { g: 1 } })
    await expectRefusal('conflict', () => coffer.write(path, { mergePatch, ifVersion: 1 }))
    await expectRefusal('invalid_argument', () => coffer.write(path, { value: {}, mergePatch }))

    const writer = await actorWith(stage(), `merge-${path.replaceAll('/', '-')}`, [
      { effect: 'allow', actions: ['write'], paths: [path] },
    ])
    await writer.write(path, { mergePatch: { z: true } })
    expect(revealed(await coffer.read({ path }))).toMatchObject({ z: true })
    await coffer.updateVersion(path, 3, { deleted: true })
    await expectRefusal('deleted', () => writer.write(path, { mergePatch: { z: 1 } }))
  })

  it('merges a patch into text as into the object that it stands for', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'old' })
    await coffer.write(path, { mergePatch: { value: 'new' } })
    expect(revealed(await coffer.read({ path }))).toBe('new')
    const token = `patch-${path.replaceAll('/', '-')}`
    const receipt = await coffer.write(path, { mergePatch: { more: 1 }, token })
    expect(revealed(await coffer.read({ path }))).toEqual({ value: 'new', more: 1 })
    expect((await coffer.describe(path))?.type).toEqual({ name: 'json' })
    expect(await coffer.write(path, { mergePatch: { more: 1 }, token })).toEqual({
      ...receipt,
      written: false,
    })
  })

  it('keeps as many versions as a write says where the secret does not', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    for (let i = 1; i <= 4; i++) await coffer.write(path, { value: `v${i}`, keepVersions: 3 })
    const numbers = async () => (await coffer.describe(path))?.versions.map((v) => v.number)
    expect(await numbers()).toEqual([2, 3, 4])
    await coffer.write(path, { value: 'v5', keepVersions: 2, maxVersions: 4 })
    expect(await numbers()).toEqual([2, 3, 4, 5])
    for (const keepVersions of [0, LIMITS.versionsMax + 1, 1.5]) {
      await expectRefusal('invalid_argument', () =>
        coffer.write(fresh(), { value: 'x', keepVersions }),
      )
    }
  })

  it('makes a secret without versions where there must be none yet', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const made = await coffer.update(path, { owner: 'ops' }, { ifRevision: 0 })
    expect(made).toMatchObject({ path, revision: 1, owner: 'ops', versions: [], labels: {} })
    expect(await coffer.read({ path })).toBeUndefined()
    await expectRefusal('conflict', () => coffer.update(path, {}, { ifRevision: 0 }))
    expect((await coffer.write(path, { value: 'x', ifVersion: 0 })).version).toBe(1)
    await expectRefusal('invalid_path', () => coffer.update('policy:x', {}, { ifRevision: 0 }))
    const reader = await actorWith(stage(), `maker-${path.replaceAll('/', '-')}`, [
      { effect: 'allow', actions: ['read', 'write'], paths: ['**'] },
    ])
    await expectRefusal('denied', () => reader.update(fresh(), {}, { ifRevision: 0 }))
  })

  it('asks for delete and undelete where only that changes of a version', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    const of = (action: 'update' | 'delete' | 'undelete') =>
      actorWith(stage(), `${action}-${path.replaceAll('/', '-')}`, [
        { effect: 'allow', actions: [action], paths: [path] },
      ])
    const [updates, deletes, undeletes] = [
      await of('update'),
      await of('delete'),
      await of('undelete'),
    ]
    await expectRefusal('denied', () => updates.updateVersion(path, 1, { deleted: true }))
    await expectRefusal('denied', () => undeletes.updateVersion(path, 1, { deleted: true }))
    await expectRefusal('denied', () => deletes.updateVersion(path, 1, { enabled: false }))
    await deletes.updateVersion(path, 1, { deleted: true })
    await expectRefusal('denied', () => deletes.updateVersion(path, 1, { deleted: false }))
    await undeletes.updateVersion(path, 1, { deleted: false })
    expect(revealed(await coffer.read({ path }))).toBe('x')
  })
}
