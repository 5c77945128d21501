import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { openSqliteStore } from '../sqlite.ts'

const scratch = mkdtempSync(path.join(tmpdir(), 'coffer-erase-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const MARK_BYTES = 8

it('leaves no byte of an erased or overwritten envelope in any file after scrub', async () => {
  const random = seededRandom('erase')
  const roll = (n: number): number => Buffer.from(random(4)).readUInt32BE() % n
  const file = path.join(scratch, 'coffer.db')
  const store = await openSqliteStore({ file })
  const live = new Map<string, Uint8Array>()
  const erased: Uint8Array[] = []
  const forget = (id: string): void => {
    erased.push(live.get(id)!)
    live.delete(id)
  }

  for (let generation = 1; generation <= 150; generation++) {
    await store.write(async (rows) => {
      if (live.has('keyring')) forget('keyring')
      live.set('keyring', random(2 * MARK_BYTES + 60 * generation))
      await rows.putBlob('keyring', live.get('keyring')!)
      for (let change = 0; change <= roll(20); change++) {
        const known = [...live.keys()].filter((id) => id !== 'keyring')[roll(live.size - 1 || 1)]
        const kind = live.size < 20 ? 0 : roll(10)
        if (kind > 7 && known !== undefined) {
          await rows.removeVersion(known, 1)
          forget(known)
          continue
        }
        const id = kind > 5 && known !== undefined ? known : Buffer.from(random(16)).toString('hex')
        const envelope = random(2 * MARK_BYTES + (roll(4) ? roll(400) : roll(9_000)))
        if (live.has(id)) forget(id)
        await rows.putVersion({ id, version: 1, path: 'a/b', term: 1 + roll(3), envelope })
        live.set(id, envelope)
        if (roll(2)) {
          const head = {
            kind: 'secret',
            path: id.slice(roll(32)),
            head: random(roll(900)),
          } as const
          await rows.putHead({ ...head, generation }, { id, current: 1 })
        }
      }
    })
  }
  await store.scrub()

  const files = [file, `${file}-wal`].filter((name) => existsSync(name))
  const disk = Buffer.concat(files.map((name) => readFileSync(name))).toString('latin1')
  const finds = (bytes: Uint8Array): boolean => disk.includes(Buffer.from(bytes).toString('latin1'))
  const traces = (envelope: Uint8Array): boolean =>
    finds(envelope.subarray(0, MARK_BYTES)) || finds(envelope.subarray(-MARK_BYTES))
  expect(erased.length).toBeGreaterThan(200)
  expect(erased.filter(traces)).toEqual([])
  expect([...live.values()].filter((envelope) => !traces(envelope))).toEqual([])
  await store.close()
})

it('scrub waits for a snapshot that still holds the erased bytes, then says so', async () => {
  const file = path.join(scratch, 'held.db')
  const store = await openSqliteStore({ file, busyTimeoutMs: 30 })
  const other = await openSqliteStore({ file })
  const row = { id: 'aa', version: 1, path: 'a', term: 1, envelope: new Uint8Array(9) }
  await store.write((rows) => rows.putVersion(row))
  await other.read(async (rows) => {
    await store.write((rows) => rows.removeVersion('aa', 1))
    await expect(store.scrub()).rejects.toMatchObject({ code: 'store_busy' })
    expect(await rows.version('aa', 1)).toEqual(row)
  })
  await store.scrub()
  await other.close()
  await store.close()
})
