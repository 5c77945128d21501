import { expect, it } from 'vitest'
import type { Stage } from './world.ts'
import { DAY_MS, expectRefusal, revealed } from './world.ts'

/** Each state that keeps a value from being used is an error of its own, never absence. */
export function validityContract(stage: () => Stage): void {
  it('refuses a disabled version until it is enabled', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    await coffer.updateVersion(path, 1, { enabled: false })
    await expectRefusal('disabled', () => coffer.read({ path }))
    await coffer.updateVersion(path, 1, { enabled: true })
    expect(revealed(await coffer.read({ path }))).toBe('x')
  })

  it('is valid from notBefore on, and until just before expiresAt', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    const from = world.now() + DAY_MS
    await coffer.write(path, { value: 'x', notBefore: from, expiresAt: from + DAY_MS })
    await expectRefusal('not_yet_valid', () => coffer.read({ path }))
    world.advance(from - world.now() - 1)
    await expectRefusal('not_yet_valid', () => coffer.read({ path }))
    world.advance(1)
    expect(revealed(await coffer.read({ path }))).toBe('x')
    world.advance(DAY_MS - 1)
    expect(revealed(await coffer.read({ path }))).toBe('x')
    world.advance(1)
    await expectRefusal('expired', () => coffer.read({ path }))
    await expectRefusal('expired', () => coffer.read({ path, version: 1 }))
  })

  it('changes the validity of one version and removes it with null', async () => {
    const { world, coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b' })
    const record = await coffer.updateVersion(path, 2, { expiresAt: world.now() })
    expect(record.versions[1]).toMatchObject({ number: 2, expiresAt: world.now() })
    await expectRefusal('expired', () => coffer.read({ path }))
    expect(revealed(await coffer.read({ path, version: 1 }))).toBe('a')
    await coffer.updateVersion(path, 2, { expiresAt: null })
    expect(revealed(await coffer.read({ path }))).toBe('b')
    for (const odd of [-1, 1.5, Number.NaN, Infinity, 8.64e15 + 1, '2027' as never]) {
      await expectRefusal('invalid_argument', () =>
        coffer.updateVersion(path, 2, { notBefore: odd }),
      )
      await expectRefusal('invalid_argument', () =>
        coffer.write(path, { value: 'c', expiresAt: odd }),
      )
    }
  })

  it('soft-deletes one version and recovers it', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    await coffer.write(path, { value: 'b' })
    await coffer.updateVersion(path, 2, { deleted: true })
    await expectRefusal('deleted', () => coffer.read({ path }))
    expect(revealed(await coffer.read({ path, version: 1 }))).toBe('a')
    await coffer.updateVersion(path, 2, { deleted: false })
    expect(revealed(await coffer.read({ path }))).toBe('b')
  })
}
