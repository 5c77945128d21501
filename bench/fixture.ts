import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { initPlatform, openPlatform } from '../src/compose.ts'
import type { PlatformOptions } from '../src/compose.ts'
import type { Platform } from '../src/core/ports/platform.ts'

export const ACTOR = 'local:bench'

/** A store of `secrets` secrets named `shop/prod/api/key-N`, thrown away afterwards. */
export async function withPlatform<T>(
  secrets: number,
  work: (platform: Platform, options: PlatformOptions & { dataDir: string }) => Promise<T>,
): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'coffer-bench-'))
  const options = {
    dataDir: join(dir, 'data'),
    env: { COFFER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64') },
  }
  try {
    await initPlatform({ ...options, admin: ACTOR })
    const platform = await openPlatform(options)
    try {
      await fill(platform, secrets)
      return await work(platform, options)
    } finally {
      await platform.close()
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

export const pathOf = (n: number): string => `shop/prod/api/key-${n}`

async function fill(platform: Platform, secrets: number): Promise<void> {
  const coffer = platform.as(ACTOR)
  for (let from = 0; from < secrets; from += 10_000) {
    const count = Math.min(10_000, secrets - from)
    await coffer.writeMany(
      Array.from({ length: count }, (_, i) => ({
        path: pathOf(from + i),
        input: { value: `value-${from + i}-${'x'.repeat(20)}` },
      })),
    )
  }
}
