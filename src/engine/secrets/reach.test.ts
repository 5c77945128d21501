import { expect, it } from 'vitest'
import type { HeadRange, HeadRow, StoreReader } from '../../core/ports/store.ts'
import { compareUtf8 } from '../../core/utf8-order.ts'
import { seededRandom } from '../../testing/seeded-random.ts'
import { headsInReach } from './reach.ts'

/** Rows of these paths, which counts what it hands out. */
function rowsOf(paths: readonly string[]) {
  const sorted = paths.toSorted(compareUtf8)
  const counted = { rows: 0, calls: 0 }
  const heads = async ({ after, from, before, limit }: HeadRange): Promise<HeadRow[]> => {
    const found = sorted
      .filter((path) => after === undefined || compareUtf8(path, after) > 0)
      .filter((path) => from === undefined || compareUtf8(path, from) >= 0)
      .filter((path) => before === undefined || compareUtf8(path, before) < 0)
      .slice(0, limit)
    counted.rows += found.length
    counted.calls += 1
    return found.map((path) => ({ kind: 'secret', path, head: new Uint8Array(), generation: 1 }))
  }
  return { rows: { heads } as StoreReader, counted }
}

const ALL = [{ from: '', before: undefined }]

it('skips a folder without reading all of it', async () => {
  const paths = Array.from({ length: 20_000 }, (_, i) => `f${i % 10}/${String(i).padStart(5, '0')}`)
  const { rows, counted } = rowsOf([...paths, 'z'])
  const heads = headsInReach(rows, ALL, undefined)
  const seen: string[] = []
  for (let row = await heads.next(); row !== undefined; row = await heads.next()) {
    const slash = row.path.indexOf('/')
    seen.push(slash === -1 ? row.path : row.path.slice(0, slash + 1))
    if (slash !== -1) heads.skipFolder(row.path.slice(0, slash + 1))
  }
  expect(seen).toEqual([...Array.from({ length: 10 }, (_, i) => `f${i}/`), 'z'])
  expect(counted.rows).toBeLessThan(600)
})

it('gives what is wanted, in any ranges, from anywhere, whatever is skipped', async () => {
  const random = seededRandom('heads in reach')
  const below = (n: number) => (random(1)[0] ?? 0) % n
  const names = ['a', 'a-', 'a0', 'b', 'é', '😀']
  const pathOf = () =>
    Array.from({ length: 1 + below(3) }, () => names[below(names.length)]).join('/')
  for (let round = 0; round < 200; round++) {
    const paths = [...new Set(Array.from({ length: below(60) }, pathOf))]
    const ends = [pathOf(), pathOf(), pathOf()].toSorted(compareUtf8)
    const ranges = [
      { from: ends[0] ?? '', before: ends[1] },
      { from: ends[2] ?? '', before: undefined },
    ]
    const folder = below(2) === 0
    const after = below(3) === 0 ? undefined : pathOf() + (folder ? '/' : '')
    const inRange = (path: string) =>
      ranges.some(
        ({ from, before }) =>
          compareUtf8(path, from) >= 0 && (before === undefined || compareUtf8(path, before) < 0),
      )
    const isAfter = (path: string) =>
      after === undefined || (compareUtf8(path, after) > 0 && !(folder && path.startsWith(after)))
    const skipped = `${names[below(names.length)]}/`
    const wanted = paths
      .filter((path) => inRange(path) && isAfter(path))
      .toSorted(compareUtf8)
      .filter((path, i, all) => {
        const first = all.findIndex((one) => one.startsWith(skipped))
        return !path.startsWith(skipped) || i === first
      })
    const heads = headsInReach(rowsOf(paths).rows, ranges, after)
    const seen: string[] = []
    for (let row = await heads.next(); row !== undefined; row = await heads.next()) {
      seen.push(row.path)
      if (row.path.startsWith(skipped)) heads.skipFolder(skipped)
    }
    expect(seen, JSON.stringify({ paths, ranges, after, skipped })).toEqual(wanted)
  }
})
