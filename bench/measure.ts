/** Medians over alternating rounds, so that a machine that slows down slows both sides. */
export interface Rate {
  readonly name: string
  /** Operations per second, median of the rounds. */
  readonly perSecond: number
}

export type Work = (operations: number) => Promise<void> | void

/** Runs the works in turn, `rounds` times after one that is not counted. */
export async function alternate(
  works: Readonly<Record<string, Work>>,
  { operations, rounds = 9 }: { operations: number; rounds?: number },
): Promise<Record<string, Rate>> {
  const seconds = new Map<string, number[]>(Object.keys(works).map((name) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const [name, work] of Object.entries(works)) {
      const start = performance.now()
      await work(operations)
      if (round > 0) seconds.get(name)?.push((performance.now() - start) / 1_000)
    }
  }
  return Object.fromEntries(
    [...seconds].map(([name, all]) => [name, { name, perSecond: operations / median(all) }]),
  )
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? NaN)
    : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

export interface Row {
  readonly what: string
  readonly measured: string
  readonly reach: string
  readonly ok: boolean
}

/** One row per promise, as `bench/README.md` records them. */
export function report(rows: readonly Row[]): void {
  for (const { what, measured, reach, ok } of rows) {
    console.log(`${ok ? 'ok  ' : 'MISS'} | ${what} | ${measured} | ${reach}`)
  }
}

export const percent = (ratio: number): string => `${(ratio * 100).toFixed(0)} %`
export const rate = ({ perSecond }: Rate): string =>
  `${Math.round(perSecond).toLocaleString('en')}/s`
