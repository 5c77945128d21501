import { expect, test } from 'vitest'
import type { Sink } from '../core/ports/sink.ts'

/** A sink under test, and a way to see what it holds. */
export interface SinkUnderTest {
  /** Another one onto the same place, as after a restart. */
  open(): Sink
  /** The lines that are there now, in order. */
  held(): Promise<readonly string[]>
  /** Makes it refuse from now on; absent where that cannot be arranged. */
  breakIt?(): void
}

/**
 * What the audit log relies on. Sinks that cannot tell what they hold (`head` absent) may hold a line
 * twice after a restart; all others never do.
 *
 * @example
 * sinkContract('file', () => ({ open: () => fileSink({ file }), held: () => linesOf(file) }))
 */
export function sinkContract(name: string, make: () => SinkUnderTest): void {
  const never = new AbortController().signal

  test(`${name}: lines are held in order when the promise resolves`, async () => {
    const under = make()
    const sink = under.open()
    await sink.append([lineOf(1), lineOf(2)], never)
    await sink.append([lineOf(3)], never)
    expect(await under.held()).toEqual([lineOf(1), lineOf(2), lineOf(3)])
    await sink.close()
  })

  test(`${name}: a large batch comes whole`, async () => {
    const under = make()
    const sink = under.open()
    const lines = Array.from({ length: 1_024 }, (_, n) => lineOf(n + 1))
    await sink.append(lines, never)
    expect(await under.held()).toEqual(lines)
    await sink.close()
  })

  test(`${name}: no lines is nothing to do`, async () => {
    const under = make()
    const sink = under.open()
    await sink.append([], never)
    expect(await under.held()).toEqual([])
    await sink.close()
  })

  test(`${name}: a sink that tells what it holds tells the truth, and holds no line twice`, async () => {
    const under = make()
    const first = under.open()
    if (first.head === undefined) return first.close()
    expect(await first.head()).toBeUndefined()
    await first.append([lineOf(1), lineOf(2, 7)], never)
    expect(await first.head()).toEqual({ seq: 2, generation: 7 })
    await first.close()
    const again = under.open()
    expect(await again.head?.()).toEqual({ seq: 2, generation: 7 })
    await again.append([lineOf(1), lineOf(2, 7), lineOf(3)], never)
    await again.append([lineOf(3)], never)
    expect(await under.held()).toEqual([lineOf(1), lineOf(2, 7), lineOf(3)])
    expect(await again.head?.()).toEqual({ seq: 3, generation: 7 })
    await again.close()
  })

  test(`${name}: what it cannot take is audit_unavailable`, async () => {
    const under = make()
    if (under.breakIt === undefined) return
    const sink = under.open()
    await sink.append([lineOf(1)], never)
    under.breakIt()
    await expect(sink.append([lineOf(2)], never)).rejects.toMatchObject({
      code: 'audit_unavailable',
    })
    await sink.close()
  })

  test(`${name}: its description names no credential and fits on a line`, async () => {
    const sink = make().open()
    expect(sink.kind).toMatch(/^[a-z][a-zA-Z0-9]*$/)
    expect(sink.description).toMatch(/^[^\n]{3,200}$/)
    await sink.close()
  })
}

const lineOf = (seq: number, generation?: number): string =>
  `{"seq":${seq},"at":"2026-01-01T00:00:00.000Z","actor":"local:alice"${generation === undefined ? '' : `,"generation":${generation}`},"prev":"${'A'.repeat(43)}"}`
