import { randomBytes } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import { STORES } from '../../src/adapters/stores/registry.ts'
import { initPlatform, openPlatform } from '../../src/compose.ts'
import type { PlatformOptions } from '../../src/compose.ts'
import type { Coffer } from '../../src/core/ports/coffer.ts'
import type { Platform } from '../../src/core/ports/platform.ts'
import type { StoreWriter } from '../../src/core/ports/store.ts'

export const ADMIN = 'local:admin'

/** A store in a directory of its own, initialised under a random key from the environment. */
export interface Home {
  readonly dir: string
  readonly dataDir: string
  readonly db: string
  readonly auditDir: string
  /** What opens it; add to it what a test wants. */
  readonly options: PlatformOptions & { readonly env: Record<string, string> }
  /** Opens it; closed after the test. */
  open(more?: PlatformOptions): Promise<Platform>
}

const opened = new Set<Platform>()
const directories = new Set<string>()

afterEach(async () => {
  for (const platform of opened) await platform.close().catch(() => {})
  opened.clear()
  for (const dir of directories) rmSync(dir, { recursive: true, force: true })
  directories.clear()
})

export function temporary(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-attack-'))
  directories.add(dir)
  return dir
}

/** Copies a folder to a private one: Node 24 gives a folder that it makes the mode of others. */
export function copyFolder(from: string, to: string): void {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  cpSync(from, to, { recursive: true })
}

/** Opens a platform that is closed after the test. */
export async function opening(options: PlatformOptions): Promise<Platform> {
  const platform = await openPlatform(options)
  opened.add(platform)
  return platform
}

export function homeAt(dir: string, key: string = randomBytes(32).toString('hex')): Home {
  const dataDir = join(dir, 'data')
  const env = { COFFER_MASTER_KEY: key, COFFER_CONFIG_DIR: join(dir, 'config') }
  const options = { dataDir, env }
  return {
    dir,
    dataDir,
    db: join(dataDir, 'coffer.db'),
    auditDir: join(dataDir, 'audit'),
    options,
    open: (more = {}) => opening({ ...options, ...more }),
  }
}

export async function newHome(key?: string): Promise<Home> {
  const home = homeAt(temporary(), key)
  await initPlatform({ ...home.options, admin: ADMIN })
  return home
}

/** Changes rows behind Coffer's back: no key, no digest, no generation, no event. */
export async function tamper<T>(
  { dataDir }: Home,
  work: (rows: StoreWriter) => Promise<T>,
): Promise<T> {
  const store = await STORES.sqlite.open({ dataDir })
  try {
    return await store.write(work)
  } finally {
    await store.close()
  }
}

export const admin = (platform: Platform): Coffer => platform.as(ADMIN)

/** The value at a path, or what keeps it from being read. */
export async function valueAt(coffer: Coffer, path: string, version?: number): Promise<unknown> {
  return (await coffer.read({ path, version }))?.secret.reveal()
}
