import { readdirSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import { expect, test } from 'vitest'
import { nodeFs } from '../../src/adapters/logs/log-fs.ts'
import type { LogFs } from '../../src/adapters/logs/log-fs.ts'
import { openPlatform } from '../../src/compose/open.ts'
import { admin, copyFolder, homeAt, newHome, temporary, valueAt } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

const KEY = '4'.repeat(64)

/** Remembers how much of each file was synced: a power cut may take the rest. */
function forgetfulFs() {
  const names = new Map<number, string>()
  const written = new Map<string, number>()
  const synced = new Map<string, number>()
  const keep = (fd: number) => {
    const name = names.get(fd) ?? ''
    synced.set(name, written.get(name) ?? 0)
  }
  const fs: LogFs = {
    ...nodeFs,
    open(file, how) {
      const fd = nodeFs.open(file, how)
      names.set(fd, basename(file))
      return fd
    },
    write(fd, bytes, position) {
      const count = nodeFs.write(fd, bytes, position)
      const name = names.get(fd) ?? ''
      written.set(name, Math.max(written.get(name) ?? 0, position + count))
      return count
    },
    sync(fd) {
      nodeFs.sync(fd)
      keep(fd)
    },
    async syncLater(fd) {
      await nodeFs.syncLater(fd)
      keep(fd)
    },
  }
  return { fs, synced }
}

/** The files as they would be after the power went: segments end where they were synced. */
function afterPowerCut(
  from: Home,
  synced: ReadonlyMap<string, number>,
): { home: Home; lost: number } {
  const home = homeAt(temporary(), KEY)
  copyFolder(from.dataDir, home.dataDir)
  let lost = 0
  for (const name of readdirSync(home.auditDir)) {
    const bytes = synced.get(name)
    if (!name.endsWith('.jsonl') || bytes === undefined) continue
    truncateSync(join(home.auditDir, name), bytes)
    lost += 1
  }
  return { home, lost }
}

test('a power cut after any change takes neither the change nor its event', async () => {
  const from = await newHome(KEY)
  const { fs, synced } = forgetfulFs()
  const platform = await openPlatform(from.options, { logFs: fs })
  const coffer = admin(platform)
  let cuts = 0
  for (let i = 1; i <= 40; i++) {
    await coffer.write(`shop/s${i % 3}`, { value: `v${i}` })
    // A read syncs what was written before it, and is itself only answered then.
    if (i % 5 === 0) await coffer.read({ path: `shop/s${i % 3}` })
    if (i % 4 > 1) continue
    const { home, lost } = afterPowerCut(from, synced)
    cuts += lost
    const restarted = await home.open()
    expect(await valueAt(admin(restarted), `shop/s${i % 3}`)).toBe(`v${i}`)
    const events = await admin(restarted).audit.query({ resource: 'shop/*', limit: 1_000 })
    expect(events.filter((event) => event.action === 'write')).toHaveLength(i)
    expect(events.filter((event) => event.action === 'read')).toHaveLength(Math.floor(i / 5) + 1)
    expect(await restarted.doctor()).toMatchObject({ ok: true })
    await restarted.close()
  }
  expect(cuts).toBeGreaterThan(10)
  await platform.close()
})
