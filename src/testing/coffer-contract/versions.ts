import { expect, it } from 'vitest'
import type { Stage } from './world.ts'
import { expectRefusal, revealed } from './world.ts'

/** Versions are numbered, immutable, and made once for each idempotency token. */
export function versionsContract(stage: () => Stage): void {
  it('numbers versions from 1 and keeps each as it was written', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    for (const [i, value] of ['one', 'two', 'three'].entries()) {
      const receipt = await coffer.write(path, { value })
      expect(receipt).toMatchObject({ path, version: i + 1, written: true })
    }
    expect(revealed(await coffer.read({ path }))).toBe('three')
    for (const [i, value] of ['one', 'two', 'three'].entries()) {
      expect(revealed(await coffer.read({ path, version: i + 1 }))).toBe(value)
    }
    const record = await coffer.describe(path)
    expect(record?.versions.map((v) => v.number)).toEqual([1, 2, 3])
    expect(record?.nextVersion).toBe(4)
  })

  it('answers undefined for what is absent, and refuses to change it', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    expect(await coffer.read({ path })).toBeUndefined()
    expect(await coffer.describe(path)).toBeUndefined()
    await coffer.write(path, { value: 'x' })
    expect(await coffer.read({ path, version: 2 })).toBeUndefined()
    expect(await coffer.read({ path, label: 'nowhere' })).toBeUndefined()
    const absent = fresh()
    await expectRefusal('not_found', () => coffer.update(absent, { owner: 'x' }))
    await expectRefusal('not_found', () => coffer.label(absent, { label: 'x', to: 1 }))
    await expectRefusal('not_found', () => coffer.rollback(absent, 1))
    await expectRefusal('not_found', () => coffer.delete(absent))
    await expectRefusal('not_found', () => coffer.undelete(absent))
    await expectRefusal('not_found', () => coffer.destroy(absent, [1]))
    await expectRefusal('not_found', () => coffer.purge(absent))
    await expectRefusal('not_found', () => coffer.rotate(absent))
    await expectRefusal('not_found', () => coffer.updateVersion(absent, 1, { enabled: false }))
    await expectRefusal('not_found', () => coffer.updateVersion(path, 2, { enabled: false }))
    await expectRefusal('not_found', () => coffer.destroy(path, [2]))
  })

  it('refuses version numbers that are none', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'x' })
    for (const version of [0, -1, 1.5, Number.NaN, Infinity, '1' as unknown as number]) {
      await expectRefusal('invalid_argument', () => coffer.read({ path, version }))
      const [answer] = await coffer.readMany([{ path, version }])
      expect(answer).toMatchObject({ error: { code: 'invalid_argument' } })
    }
  })

  it('compares and sets by current version and by revision', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const first = await coffer.write(path, { value: 'a', ifVersion: 0, ifRevision: 0 })
    await expectRefusal('conflict', () => coffer.write(path, { value: 'b', ifVersion: 0 }))
    await expectRefusal('conflict', () => coffer.write(path, { value: 'b', ifRevision: 0 }))
    const second = await coffer.write(path, { value: 'b', ifVersion: 1 })
    expect(second.version).toBe(2)
    await expectRefusal('conflict', () =>
      coffer.update(path, { owner: 'x' }, { ifRevision: first.revision }),
    )
    const updated = await coffer.update(path, { owner: 'x' }, { ifRevision: second.revision })
    expect(updated.revision).toBe(second.revision + 1)
    expect(revealed(await coffer.read({ path }))).toBe('b')
  })

  it('lets exactly one of many writers with the same expectation win', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const tries = Array.from({ length: 8 }, (_, i) =>
      coffer.write(path, { value: `writer ${i}`, ifVersion: 0 }),
    )
    const settled = await Promise.allSettled(tries)
    expect(settled.filter((s) => s.status === 'fulfilled')).toHaveLength(1)
    expect((await coffer.describe(path))?.versions).toHaveLength(1)
  })

  it('answers a repeated token with the first receipt, and writes nothing', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const first = await coffer.write(path, { value: 'v', token: 'once', ifVersion: 0 })
    const again = await coffer.write(path, { value: 'v', token: 'once', ifVersion: 0 })
    expect(again).toEqual({ ...first, written: false })
    expect((await coffer.describe(path))?.versions).toHaveLength(1)
    await expectRefusal('token_reused', () => coffer.write(path, { value: 'w', token: 'once' }))
    await expectRefusal('token_reused', () => coffer.write(path, { token: 'once' }))
    const bytes = new TextEncoder().encode('v')
    await expectRefusal('token_reused', () => coffer.write(path, { value: bytes, token: 'once' }))
    await coffer.write(path, { token: 'staged', labels: ['pending'] })
    const staged = await coffer.write(path, { token: 'staged', labels: ['pending'] })
    expect(staged).toMatchObject({ version: 2, written: false })
    await expectRefusal('token_reused', () => coffer.write(path, { value: '', token: 'staged' }))
  })

  it('fills a staged version once, where its number is', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'old' })
    await coffer.write(path, { token: 'staged', labels: ['pending'], ids: { aws: 'x' } })
    const fill = { value: 'new', fills: 2, token: 'staged', labels: ['pending'] }
    const filled = await coffer.write(path, fill)
    expect(filled).toMatchObject({ version: 2, written: true })
    expect(revealed(await coffer.read({ path, label: 'pending' }))).toBe('new')
    expect(revealed(await coffer.read({ path }))).toBe('old')
    const record = await coffer.describe(path)
    expect(record).toMatchObject({ nextVersion: 3, labels: { current: 1, pending: 2 } })
    await expectRefusal('conflict', () => coffer.write(path, fill))
    await expectRefusal('conflict', () => coffer.write(path, { value: 'x', fills: 1 }))
    await expectRefusal('not_found', () => coffer.write(path, { value: 'x', fills: 3 }))
    expect(await coffer.write(path, { ...fill, fills: undefined })).toMatchObject({
      version: 2,
      written: false,
    })
  })

  it('answers a repeated rotation with its first receipt', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'old', type: { name: 'password' } })
    const first = await coffer.rotate(path, { token: 'spring' })
    const value = revealed(await coffer.read({ path }))
    expect(await coffer.rotate(path, { token: 'spring' })).toEqual({ ...first, written: false })
    expect(revealed(await coffer.read({ path }))).toBe(value)
    expect(value).not.toBe('old')
  })

  it('reads a version as what it was written as, until a type says more than its form', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const typeOf = async (version: number) => (await coffer.read({ path, version }))?.type.name
    await coffer.write(path, { value: 'old' })
    await coffer.write(path, { value: { n: 1 }, type: { name: 'json' } })
    await coffer.write(path, { value: new Uint8Array([255]), type: { name: 'binary' } })
    await coffer.write(path, { value: { n: 2 }, type: { name: 'json' } })
    expect(await Promise.all([1, 2, 3, 4].map(typeOf))).toEqual([
      'string',
      'json',
      'binary',
      'json',
    ])
    expect((await coffer.describe(path))?.formerTypes).toEqual([
      { type: { name: 'string' }, before: 2 },
      { type: { name: 'json' }, before: 3 },
      { type: { name: 'binary' }, before: 4 },
    ])
    await coffer.rollback(path, 1)
    expect(revealed(await coffer.read({ path }))).toBe('old')
    await expectRefusal('invalid_value', () => coffer.update(path, { type: { name: 'number' } }))
    await coffer.write(path, { value: '12', type: { name: 'number' } })
    expect(await typeOf(5)).toBe('number')
    await expectRefusal('invalid_value', () => coffer.read({ path, version: 1 }))
    expect((await coffer.describe(path))?.formerTypes).toBeUndefined()
  })

  it('never uses an id again, also not at the same path', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const first = await coffer.write(path, { value: 'x' })
    await coffer.purge(path)
    const second = await coffer.write(path, { value: 'x' })
    expect(second.version).toBe(1)
    expect(second.id).not.toBe(first.id)
  })

  it('writes many or none', async () => {
    const { coffer, fresh } = stage()
    const [a, b] = [fresh(), fresh()]
    const receipts = await coffer.writeMany([
      { path: a, input: { value: 'a1' } },
      { path: b, input: { value: 'b1' } },
      { path: a, input: { value: 'a2' } },
    ])
    expect(receipts.map((r) => r.version)).toEqual([1, 1, 2])
    await expectRefusal('conflict', () =>
      coffer.writeMany([
        { path: a, input: { value: 'a3' } },
        { path: b, input: { value: 'b2', ifVersion: 9 } },
      ]),
    )
    expect(revealed(await coffer.read({ path: a }))).toBe('a2')
    expect(await coffer.writeMany([])).toEqual([])
  })

  it('stages a version without a value and refuses to read it', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { labels: ['pending'] })
    expect(await coffer.read({ path })).toBeUndefined()
    await expectRefusal('empty_version', () => coffer.read({ path, label: 'pending' }))
    await expectRefusal('empty_version', () => coffer.label(path, { label: 'current', to: 1 }))
  })

  it('keeps at most maxVersions, never losing a labelled or the newest one', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'v1', maxVersions: 3 })
    await coffer.label(path, { label: 'keep', to: 1 })
    for (let n = 2; n <= 6; n++) await coffer.write(path, { value: `v${n}` })
    const record = await coffer.describe(path)
    expect(record?.versions.map((v) => v.number)).toEqual([1, 5, 6])
    expect(revealed(await coffer.read({ path, label: 'keep' }))).toBe('v1')
    expect(await coffer.read({ path, version: 3 })).toBeUndefined()
    await coffer.write(path, { value: 'loose', labels: [] })
    expect(revealed(await coffer.read({ path, version: 7 }))).toBe('loose')
  })

  it('reads many in order, and one refusal fails no other', async () => {
    const { coffer, fresh } = stage()
    const [a, b, gone] = [fresh(), fresh(), fresh()]
    await coffer.write(a, { value: 'a' })
    await coffer.write(b, { value: 'b' })
    await coffer.updateVersion(b, 1, { enabled: false })
    const answers = await coffer.readMany([
      { path: b },
      { path: a },
      { path: gone },
      { path: 'not//legal' },
      { path: a, version: 1 },
    ])
    expect(answers).toHaveLength(5)
    expect(answers[0]).toMatchObject({ error: { code: 'disabled' } })
    expect(answers[2]).toEqual({ value: undefined })
    expect(answers[3]).toMatchObject({ error: { code: 'invalid_path' } })
    for (const i of [1, 4]) {
      const answer = answers[i]!
      expect('value' in answer && revealed(answer.value)).toBe('a')
    }
    expect(await coffer.readMany([])).toEqual([])
  })

  it('rejects, and never throws, what is malformed', async () => {
    const { coffer } = stage()
    const bad = 'a//b'
    const calls = [
      () => coffer.read({ path: bad }),
      () => coffer.write(bad, { value: 'x' }),
      () => coffer.writeMany([{ path: bad, input: { value: 'x' } }]),
      () => coffer.rotate(bad),
      () => coffer.describe(bad),
      () => coffer.list({ prefix: bad }),
      () => coffer.readBelow({ prefix: bad }),
      () => coffer.update(bad, {}),
      () => coffer.updateVersion(bad, 1, {}),
      () => coffer.label(bad, { label: 'x' }),
      () => coffer.rollback(bad, 1),
      () => coffer.delete(bad),
      () => coffer.undelete(bad),
      () => coffer.destroy(bad, [1]),
      () => coffer.purge(bad),
    ]
    for (const call of calls) {
      let pending: Promise<unknown> | undefined
      expect(() => (pending = call())).not.toThrow()
      await expect(pending).rejects.toMatchObject({ code: 'invalid_path' })
    }
  })

  it('tells a watcher of each change, and nobody after it stopped', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    await coffer.write(path, { value: 'a' })
    let changes = 0
    const stop = coffer.watch(
      path,
      () => (changes += 1),
      () => {},
    )
    await settled()
    await coffer.write(path, { value: 'b' })
    await expect.poll(() => changes, { timeout: 2_000, interval: 20 }).toBe(1)
    stop()
    await coffer.write(path, { value: 'c' })
    await settled()
    expect(changes).toBe(1)
  })
}

/** Time enough for a watcher to have looked once. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 600))
