import { expect } from 'vitest'
import type {
  Destination,
  DestinationChange,
  DestinationEntry,
} from '../../core/ports/destination.ts'
import { textSecret } from '../../core/secret.ts'
import { deliveryContext } from '../../testing/destination-contract.ts'

/** A place whose calls can be counted, and made to fail. */
export interface FaultyPlace {
  readonly destination: Destination
  put(name: string, text: string): Promise<void> | void
  value(name: string): Promise<string | undefined> | string | undefined
  /**
   * The call of this number, from now on and from 0, fails: `before` it is carried out, `after`, or
   * with half of an answer (`garbled`).
   * `undefined`: none does. Returns how many calls there were since it was told so last.
   */
  failAt(call: number | undefined, when: When): number
}

export type When = 'before' | 'after' | 'garbled'

const NAMES = ['a', 'b', 'c', 'taken', 'theirs'] as const
const WANTED = { a: 'a2', b: undefined, c: 'c1', taken: 'ours' } as const

/**
 * One delivery with each of its calls failing once, in each way: foreign entries stay, every answer
 * is true, and the next delivery ends what this one began.
 */
export async function faultsAtEveryCall(make: () => Promise<FaultyPlace> | FaultyPlace) {
  let tried = 0
  for (const when of ['before', 'after', 'garbled'] as const) {
    for (let call = 0; ; call++) {
      const place = await make()
      const calls = await once(place, call, when)
      await place.destination.close?.()
      if (call >= calls) break
      tried++
    }
  }
  return tried
}

async function once(place: FaultyPlace, call: number, when: When): Promise<number> {
  const context = deliveryContext('shop/prod')
  const { destination } = place
  const list = async () => {
    const entries = await destination.list(context, NAMES)
    return new Map(entries.map((entry) => [entry.name, entry]))
  }
  await place.put('theirs', 'not ours')
  await place.put('taken', 'not ours yet')
  await destination.apply(context, [put('a', 'a1', undefined), put('b', 'b1', undefined)])

  const before: Record<string, string | undefined> = {}
  for (const name of NAMES) before[name] = await place.value(name)
  const changes = changesFor(await list())
  place.failAt(call, when)
  const answers = await destination.apply(context, changes)
  const calls = place.failAt(undefined, when)

  for (const [i, { name }] of changes.entries()) {
    const now = await place.value(name)
    const [old, wanted] = [before[name], WANTED[name as keyof typeof WANTED]]
    const answer = answers[i]
    if (answer?.done === true) expect(now, `${name}, call ${call} ${when}`).toBe(wanted)
    else if (answer?.unknown === true) expect([old, wanted]).toContain(now)
    else expect(now, `${name}, call ${call} ${when}`).toBe(old)
  }
  const again = changesFor(await list())
  const done = await destination.apply(context, again)
  expect(done.filter((answer) => !answer.done)).toEqual([])
  for (const [name, wanted] of Object.entries(WANTED)) expect(await place.value(name)).toBe(wanted)
  expect(await place.value('theirs')).toBe('not ours')
  return calls
}

/** What is to be done for `WANTED` where this is there; nothing for what is done. */
function changesFor(found: ReadonlyMap<string, DestinationEntry>): DestinationChange[] {
  const { fingerprint } = deliveryContext('shop/prod')
  return Object.entries(WANTED).flatMap(([name, text]): DestinationChange[] => {
    const entry = found.get(name)
    if (text !== undefined) {
      const isDone =
        entry?.owner === 'shop/prod' && entry.fingerprint === fingerprint(Buffer.from(text))
      return isDone ? [] : [put(name, text, entry)]
    }
    return entry === undefined ? [] : [{ kind: 'remove', name, expected: entry }]
  })
}

const put = (
  name: string,
  text: string,
  found: DestinationEntry | undefined,
): DestinationChange => ({
  kind: 'put',
  name,
  secret: textSecret(name, text),
  path: `shop/prod/api/${name}`,
  expected: found ?? 'absent',
})
