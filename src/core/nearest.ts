/**
 * The known word nearest to `word`, when it is near enough to be what was meant. Quick also for a thousand
 * words against a thousand names: what is too far is not measured to its end.
 */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > CHARS_MAX) return undefined
  const begun = known.find((candidate) => word.length >= 3 && candidate.startsWith(word))
  if (begun !== undefined) return begun
  let best: string | undefined
  let least = Math.min(EDITS_MAX, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const distance = distanceWithin(least, word, candidate)
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** What to say of a word that is not known: which one is meant, or which there are. */
export function hintOf(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  if (meant !== undefined) return `Did you mean ${meant}?`
  return known.length === 0 ? 'There are none.' : `Known are ${known.join(', ')}.`
}

/** Who mistypes makes so many mistakes, and longer words are something else. */
const EDITS_MAX = 4
const CHARS_MAX = 256

/** Edits between two words, two swapped neighbours being one; `least` where it is so many or more. */
function distanceWithin(least: number, a: string, b: string): number {
  if (Math.abs(a.length - b.length) >= least) return least
  const width = b.length + 1
  let [before, last, row] = [0, 1, 2].map(() => new Uint16Array(width).fill(least)) as Rows
  for (let j = 0; j < width; j++) last[j] = j
  let lowestBefore = 0
  for (let i = 1; i <= a.length; i++) {
    // Further from the diagonal there are more edits than are asked for.
    const [from, to] = [Math.max(1, i - least), Math.min(b.length, i + least)]
    row.fill(least)
    row[0] = i
    let lowest = i
    for (let j = from; j <= to; j++) {
      const same = a[i - 1] === b[j - 1]
      let cost = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, before[j - 2]! + 1)
      }
      row[j] = cost
      if (cost < lowest) lowest = cost
    }
    // What comes is made of these two rows, and no less.
    if (lowest >= least && lowestBefore >= least) return least
    ;[before, last, row, lowestBefore] = [last, row, before, lowest]
  }
  return last[b.length]!
}

type Rows = [Uint16Array, Uint16Array, Uint16Array]
