import type { PathRange } from '../../core/policy/ranges.ts'
import type { HeadRow, StoreReader } from '../../core/ports/store.ts'
import { compareUtf8 } from '../../core/utf8-order.ts'

/** Rows of some ranges in order of their paths, read a chunk at a time. */
export interface HeadsInReach {
  next(): Promise<HeadRow | undefined>
  /** Gives no more of what begins with this: a path with a slash at its end. */
  skipFolder(folder: string): void
}

const CHUNK = 256
/** Where folders are skipped, little of a chunk is wanted. */
const CHUNK_AFTER_SKIP = 16

/** `after`: the last path that is not wanted any more, or a folder with its slash. */
export function headsInReach(
  rows: StoreReader,
  ranges: readonly PathRange[],
  after: string | undefined,
): HeadsInReach {
  const left = [...ranges]
  let chunk: readonly HeadRow[] = []
  let at = 0
  let size = CHUNK
  /** Where the first of the ranges left goes on. */
  let from: { from: string } | { after: string } | undefined

  const nextRange = () => {
    left.shift()
    from = undefined
  }
  const goOn = (path: string, begin: typeof from) => {
    while (left[0] !== undefined && endsBefore(left[0], path)) nextRange()
    if (left[0] !== undefined && compareUtf8(path, left[0].from) >= 0) from = begin
  }
  const skipFolder = (folder: string) => {
    const behind = behindFolder(folder)
    while (at < chunk.length && compareUtf8(chunk[at]?.path ?? '', behind) < 0) at++
    if (at < chunk.length) return
    size = CHUNK_AFTER_SKIP
    goOn(behind, { from: behind })
  }

  if (after?.endsWith('/') === true) skipFolder(after)
  else if (after !== undefined) goOn(after, { after })

  return {
    skipFolder,
    async next() {
      for (;;) {
        const row = chunk[at]
        if (row !== undefined) {
          at += 1
          return row
        }
        const [range] = left
        if (range === undefined) return undefined
        const { before } = range
        chunk = await rows.heads({
          kind: 'secret',
          ...(from ?? { from: range.from }),
          ...(before === undefined ? {} : { before }),
          limit: size,
        })
        at = 0
        const end = chunk.at(-1)
        if (end === undefined || chunk.length < size) nextRange()
        else from = { after: end.path }
        size = Math.min(CHUNK, size * 2)
      }
    },
  }
}

/** The least text behind everything in a folder: `0` follows the slash. */
const behindFolder = (folder: string): string => `${folder.slice(0, -1)}0`

const endsBefore = ({ before }: PathRange, path: string): boolean =>
  before !== undefined && compareUtf8(before, path) <= 0
