import { expect, it } from 'vitest'
import { LIMITS } from '../../core/limits.ts'
import { everyItem } from '../../core/paging.ts'
import type { Page, PageQuery } from '../../core/ports/coffer.ts'
import type { IdentityAdmin } from '../../core/ports/identities.ts'
import type { Stage } from './world.ts'
import { expectRefusal } from './world.ts'

const ROLE = ['approle', 'paged'] as const

interface Kind {
  /** Makes one; resolves with what names it. */
  make(identities: IdentityAdmin): Promise<string>
  page(
    identities: IdentityAdmin,
    query?: PageQuery,
  ): Promise<Page<{ accessor?: string; id?: string }>>
}

const KINDS: Readonly<Record<string, Kind>> = {
  tokens: {
    make: async (on) => (await on.createToken({ policies: ['none'] })).record.accessor,
    page: (on, query) => on.tokens(query),
  },
  'access keys': {
    make: async (on) => (await on.createAccessKey({ policies: ['none'] })).record.id,
    page: (on, query) => on.accessKeys(query),
  },
  'secret ids': {
    make: async (on) => (await on.createSecretId(...ROLE)).record.accessor,
    page: (on, query) => on.secretIds(...ROLE, query),
  },
}

/** Lists of credentials come in pages, as lists of secrets do. */
export function credentialPagesContract(stage: () => Stage): void {
  it.each(Object.entries(KINDS))('lists %s in pages: each once', async (_, { make, page }) => {
    const { identities } = stage().coffer
    await identities.putAppRole({ mount: ROLE[0], name: ROLE[1] })
    const made: string[] = []
    for (let i = 0; i < 5; i++) made.push(await make(identities))
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const next = await page(identities, { cursor, limit: 2 })
      expect(next.items.length).toBeLessThanOrEqual(2)
      seen.push(...next.items.map(({ accessor, id }) => accessor ?? id ?? ''))
      cursor = next.cursor
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual(expect.arrayContaining(made))
    const all = await everyItem((query) => page(identities, query))
    expect(all.map(({ accessor, id }) => accessor ?? id)).toEqual(seen)
  })

  it('lists no page that is too large, and goes on from no cursor of another list', async () => {
    const { identities } = stage().coffer
    await identities.putAppRole({ mount: ROLE[0], name: ROLE[1] })
    const kinds = Object.values(KINDS)
    for (const { make } of kinds) for (let i = 0; i < 2; i++) await make(identities)
    const cursors = await Promise.all(
      kinds.map(async ({ page }) => (await page(identities, { limit: 1 })).cursor),
    )
    for (const [i, { page }] of kinds.entries()) {
      const list = (query: PageQuery) => page(identities, query)
      expect((await list({ limit: LIMITS.pageSizeMax })).items.length).toBeGreaterThan(1)
      for (const limit of [0, 1.5, LIMITS.pageSizeMax + 1]) {
        await expectRefusal('invalid_argument', () => list({ limit }))
      }
      for (const cursor of ['x', cursors[(i + 1) % cursors.length]]) {
        await expectRefusal('invalid_argument', () => list({ cursor }))
      }
    }
  })
}
