import type { VersionRow } from '../../core/ports/store.ts'

/** A version, and the path at which it was met. */
export type Met = Pick<VersionRow, 'id' | 'version' | 'path'>

/** One version of the store has it. */
export const keyOf = ({ id, version }: Met): string => `${id} ${version}`

const PLACE_BITS = 21
/** Of 8 bytes each: 16 MiB, of which the system gives what is used. */
const PLACES = 2 ** PLACE_BITS

/**
 * Versions that need not be looked for again, in memory that does not grow with the store. Of two whose
 * places are the same it forgets the first, so what it does not know says nothing. For what it knows a
 * mark stands, of 43 bits beside its place: that one takes another's for its own is left to chance.
 */
export class MetVersions {
  readonly #marks = new Float64Array(PLACES)

  add(met: Met): void {
    const { place, mark } = markOf(met)
    this.#marks[place] = mark
  }

  has(met: Met): boolean {
    const { place, mark } = markOf(met)
    return this.#marks[place] === mark
  }
}

function markOf({ id, version, path }: Met): { place: number; mark: number } {
  const one = mixed(hashed(path, hashed(id, version, 0x0100_0193), 0x0100_0193))
  const other = mixed(hashed(path, hashed(id, version, 0x85eb_ca6b), 0x85eb_ca6b))
  return {
    place: one & (PLACES - 1),
    // Never 0, which is what stands where nothing was met.
    mark: other * 2 ** (32 - PLACE_BITS) + (one >>> PLACE_BITS) + 1,
  }
}

/** As FNV-1a does it. */
function hashed(text: string, seed: number, multiplier: number): number {
  let hash = 0x811c_9dc5 ^ seed
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), multiplier)
  return hash
}

/** The last steps of MurmurHash3: every bit of the input moves about half of the answer's. */
function mixed(hash: number): number {
  let bits = hash ^ (hash >>> 16)
  bits = Math.imul(bits, 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
