import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { initPlatform } from '../../src/compose.ts'
import { openPlatform } from '../../src/compose/open.ts'
import type { Seams } from '../../src/compose/open.ts'
import { isCofferError } from '../../src/core/errors.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import { ADMIN, admin, copyFolder, homeAt, temporary } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

/** What a session was told is done: what must be there after anything went wrong. */
export interface Ledger {
  /** The value that each path was last told to have; `undefined`: told to be gone. */
  readonly told: Map<string, string | undefined>
  /** Values that a path may have as well: written, and nobody told. */
  readonly maybe: Map<string, (string | undefined)[]>
}

const STEPS: readonly ((platform: Platform, write: Write) => Promise<unknown>)[] = [
  (_, write) => write('shop/a', 'a1'),
  (_, write) => write('shop/b', 'b1'),
  (p) => admin(p).read({ path: 'shop/a' }),
  (_, write) => write('shop/a', 'a2'),
  (p) => admin(p).label('shop/a', { label: 'blue', to: 1 }),
  (p) => p.keys.rotate({ actor: ADMIN }),
  (p) => admin(p).readMany([{ path: 'shop/a' }, { path: 'shop/b', version: 1 }]),
  (_, write) => write('shop/c', 'c1'),
  async (p) => {
    const record = await admin(p).describe('shop/a')
    if (record?.labels['current'] !== 1) await admin(p).destroy('shop/a', [1])
  },
  (_, write) => write('shop/b', undefined),
  (p) => admin(p).list(),
  (p) => p.keys.reseal({ actor: ADMIN, seal: 'key-file', sealOptions: { file: keyFile(p) } }),
  (_, write) => write('shop/c', 'c2'),
  (p) => p.sweep(),
]

type Write = (path: string, value: string | undefined) => Promise<unknown>

const keyFiles = new WeakMap<Platform, string>()
const keyFile = (platform: Platform): string => keyFiles.get(platform) ?? ''

/** A store to copy for each run: making one costs more than a run. */
export async function template(): Promise<Home> {
  const home = homeAt(temporary(), '5'.repeat(64))
  await initPlatform({ ...home.options, admin: ADMIN })
  return home
}

/**
 * Runs the session over `seams`, going on after each failure as a program would; then opens the
 * store without them and judges: what was told is there, nothing is half there, all is sound.
 */
export async function survives(from: Home, seams: Seams): Promise<void> {
  const home = homeAt(temporary(), '5'.repeat(64))
  copyFolder(from.dataDir, home.dataDir)
  const ledger: Ledger = { told: new Map(), maybe: new Map() }
  await session(home, seams, ledger)
  await judge(home, ledger)
  rmSync(home.dir, { recursive: true, force: true })
}

async function session(home: Home, seams: Seams, ledger: Ledger): Promise<void> {
  let platform: Platform
  try {
    platform = await openPlatform(home.options, seams)
  } catch (error) {
    return refuseBug(error)
  }
  keyFiles.set(platform, join(home.dir, 'root.key'))
  const write: Write = async (path, value) => {
    try {
      if (value === undefined) await admin(platform).purge(path)
      else await admin(platform).write(path, { value })
    } catch (error) {
      ledger.maybe.set(path, [...(ledger.maybe.get(path) ?? []), value])
      throw error
    }
    ledger.told.set(path, value)
    ledger.maybe.delete(path)
  }
  for (const step of STEPS) {
    try {
      await step(platform, write)
    } catch (error) {
      refuseBug(error)
    }
  }
  await platform.close().catch(refuseBug)
}

async function judge(home: Home, ledger: Ledger): Promise<void> {
  const platform = await openPlatform({
    ...home.options,
    sealOptions: { file: join(home.dir, 'root.key') },
  })
  try {
    for (const path of ['shop/a', 'shop/b', 'shop/c']) {
      const found = (await admin(platform).read({ path }))?.secret.reveal()
      const legal = [ledger.told.get(path), ...(ledger.maybe.get(path) ?? [])]
      expect(legal, path).toContain(found)
    }
    const report = await platform.doctor()
    expect(report.checks.filter((check) => !check.ok)).toEqual([])
    expect(await admin(platform).audit.verify()).toMatchObject({ ok: true })
    // Whatever was left half done can be finished.
    await platform.keys.rotate({ actor: ADMIN })
    const { terms } = await platform.keys.status()
    expect(terms.filter((term) => term.state === 'retiring')).toEqual([])
    expect(await platform.doctor()).toMatchObject({ ok: true })
  } finally {
    await platform.close()
  }
}

function refuseBug(error: unknown): void {
  if (!isCofferError(error) || error.code === 'internal') throw error
}
