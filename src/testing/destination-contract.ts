import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type {
  ApplyAnswer,
  DeliveryContext,
  Destination,
  DestinationChange,
  DestinationEntry,
  PutChange,
} from '../core/ports/destination.ts'
import { textSecret } from '../core/secret.ts'

/** How a call to the place goes wrong. */
export type DeliveryFault = 'denied' | 'throttled' | 'unavailable' | 'no answer'

/** One place with a destination before it, and the hands of whoever owns the place. */
export interface DestinationHarness {
  readonly destination: Destination
  /** A name that this place accepts, made of a short word; another word, another name. */
  name(word: string): string
  /** Puts it there by hand, past the destination: no mark of ours. */
  put(name: string, text: string): Promise<void> | void
  remove(name: string): Promise<void> | void
  /** What is there, however the place keeps it from its clients; undefined: nothing. */
  value(name: string): Promise<string | undefined> | string | undefined
  /**
   * Every call to the place goes wrong so from now on, until it is told `undefined`. `false`: this
   * place cannot. `no answer`: the change is made, and nobody hears of it.
   */
  fail?(fault: DeliveryFault | undefined): boolean | void | Promise<boolean | void>
  close?(): Promise<void> | void
}

/**
 * What every destination keeps. Call it in the destination's own test. Needs vitest. Seconds at
 * most: let the harness retry without waiting.
 *
 * @example
 * destinationContract('vercel', () => ({ destination, name: (word) => word, put, remove, value }))
 */
export function destinationContract(
  kind: string,
  make: () => DestinationHarness | Promise<DestinationHarness>,
): void {
  describe(`destination ${kind}`, () => {
    let place: DestinationHarness
    const context = deliveryContext('shop/test')
    const list = (...names: string[]) => place.destination.list(context, names)
    const entry = async (name: string) => (await list(name)).find((one) => one.name === name)
    const apply = (...changes: DestinationChange[]) => place.destination.apply(context, changes)
    const deliver = async (name: string, text: string) =>
      expect(await apply(put(name, text, (await entry(name)) ?? 'absent'))).toEqual([DONE])

    beforeEach(async () => void (place = await make()))
    afterEach(async () => {
      await place.destination.close?.()
      await place.close?.()
    })

    test('says what and where it is, and what it takes', () => {
      const { id, batchMax, limits, local, marks, readable } = place.destination
      expect(place.destination.kind).toBe(kind)
      expect(id).toMatch(new RegExp(`^${kind}:[^\\s/]+(?:/[^\\s/]+)*$`))
      expect(batchMax).toBeGreaterThanOrEqual(1)
      expect(limits.valueBytesMax).toBeGreaterThan(0)
      expect(limits.name.pattern.test(place.name('some'))).toBe(true)
      expect(limits.name.pattern.global || limits.name.pattern.sticky).toBe(false)
      if (local === true) expect([marks, readable]).toEqual([true, true])
    })

    test('what was put is there, exactly, and is told of without its value', async () => {
      const name = place.name('some')
      expect(await entry(name)).toBeUndefined()
      const [answer] = await apply(put(name, CANARY, 'absent'))
      expect(answer).toEqual(DONE)
      expect(await place.value(name)).toBe(CANARY)
      const found = await entry(name)
      expect(found?.name).toBe(name)
      expect(leaks([answer, found, place.destination])).toBe(false)
      const { marks, readable } = place.destination
      if (marks === true) expect(found?.owner).toBe(context.owner)
      if (readable) expect(found?.fingerprint).toBe(context.fingerprint(Buffer.from(CANARY)))
      const told = answer?.done === true ? answer.revision : undefined
      if (told !== undefined) expect(found?.revision).toBe(told)
    })

    test('what can be known as ours by its creation alone tells when it was, by one clock', async () => {
      const { now } = place.destination
      if (now === undefined) return
      const [first, other] = [place.name('first'), place.name('other')]
      await deliver(first, 'made before')
      const asked = (await now(context)) ?? Number.NaN
      await deliver(other, 'made after')
      const ended = (await now(context)) ?? 0
      const [before, after] = [await entry(first), await entry(other)]
      expect(before?.createdAt).toBeLessThanOrEqual(asked)
      expect(after?.createdAt).toBeGreaterThanOrEqual(asked)
      expect(after?.updatedAt).toBeGreaterThanOrEqual(after?.createdAt ?? Infinity)
      expect(after?.updatedAt).toBeLessThanOrEqual(ended + 1_000)
      await deliver(first, 'changed')
      const changed = await entry(first)
      expect(changed?.createdAt).toBe(before?.createdAt)
      expect(changed?.updatedAt).toBeGreaterThanOrEqual(ended)
    })

    test.each(TEXTS)('%j arrives as it is, or is refused and nothing is there', async (text) => {
      const name = place.name('some')
      const [answer] = await apply(put(name, text, 'absent'))
      if (answer?.done !== true) {
        expect(codeOf(answer)).toMatch(/^(?:invalid_value|too_large)$/)
        expect(await place.value(name)).toBeUndefined()
        return
      }
      expect(await place.value(name)).toBe(text)
      if (place.destination.readable) {
        expect((await entry(name))?.fingerprint).toBe(context.fingerprint(Buffer.from(text)))
      }
    })

    test('a value at the limit arrives', async () => {
      const text = 'x'.repeat(Math.min(place.destination.limits.valueBytesMax, 65_536))
      await deliver(place.name('long'), text)
      expect((await place.value(place.name('long'))) === text).toBe(true)
    })

    test('foreign entries stay, whatever is put and removed beside them', async () => {
      const [mine, theirs] = [place.name('mine'), place.name('theirs')]
      await place.put(theirs, 'not ours')
      const before = await entry(theirs)
      await deliver(mine, 'one')
      await deliver(mine, 'two')
      const now = await entry(mine)
      expect(await apply(remove(now ?? { name: mine }))).toEqual([DONE])
      expect(await place.value(mine)).toBeUndefined()
      expect(await entry(mine)).toBeUndefined()
      expect(await place.value(theirs)).toBe('not ours')
      expect((await entry(theirs))?.owner).toBe(before?.owner)
      expect(before?.owner).not.toBe(context.owner)
    })

    test('a foreign entry is not overwritten by what was to be new', async () => {
      const name = place.name('theirs')
      await place.put(name, 'not ours')
      const [answer] = await apply(put(name, CANARY, 'absent'))
      expect(codeOf(answer)).toBe('conflict')
      expect(await place.value(name)).toBe('not ours')
    })

    test('one that is adopted as it was listed is ours from then on', async () => {
      const name = place.name('theirs')
      await place.put(name, 'not ours')
      await deliver(name, 'ours now')
      expect(await place.value(name)).toBe('ours now')
      if (place.destination.marks === true) {
        expect((await entry(name))?.owner).toBe(context.owner)
      }
    })

    test('what changed since it was listed is neither overwritten nor removed', async (run) => {
      const name = place.name('some')
      await deliver(name, 'first')
      const listed = await entry(name)
      if (listed === undefined) throw new Error('it is not there')
      const tells = listed.revision ?? listed.fingerprint ?? listed.updatedAt
      run.skip(tells === undefined, 'this place tells of no change')
      await place.put(name, 'by hand')
      const [overwritten] = await apply(put(name, CANARY, listed))
      const [removed] = await apply(remove(listed))
      expect([codeOf(overwritten), codeOf(removed)]).toEqual(['conflict', 'conflict'])
      expect(await place.value(name)).toBe('by hand')
    })

    test('what was listed and has gone is a conflict to change, and done to remove', async () => {
      const name = place.name('some')
      await deliver(name, 'first')
      const listed = (await entry(name)) ?? { name }
      await place.remove(name)
      const [changed] = await apply(put(name, CANARY, listed))
      expect(codeOf(changed)).toBe('conflict')
      expect(await place.value(name)).toBeUndefined()
      expect(await apply(remove(listed))).toEqual([DONE])
    })

    test('`any` puts it, whatever is there', async () => {
      const name = place.name('some')
      expect(await apply(put(name, 'one', 'any'))).toEqual([DONE])
      expect(await apply(put(name, 'two', 'any'))).toEqual([DONE])
      expect(await place.value(name)).toBe('two')
    })

    test('answers stand in the order of the changes, and one refusal stops no other', async () => {
      const count = Math.min(place.destination.batchMax, 12)
      const names = Array.from({ length: count }, (_, i) => place.name(`n${i}`))
      const taken = names[1]
      if (taken !== undefined) await place.put(taken, 'not ours')
      const answers = await apply(...names.map((name) => put(name, `v-${name}`, 'absent')))
      expect(answers.map((answer) => answer.done)).toEqual(names.map((name) => name !== taken))
      for (const name of names) {
        expect(await place.value(name)).toBe(name === taken ? 'not ours' : `v-${name}`)
      }
      const told = (await list(...names)).map((one) => one.name)
      expect(names.filter((name) => !told.includes(name))).toEqual([])
    })

    test('nothing to do is nothing done', async () => {
      expect(await apply()).toEqual([])
    })

    test.each(ODD_NAMES)('the name %j is refused by its limits, or works', async (name) => {
      const { pattern, charsMax } = place.destination.limits.name
      if (!pattern.test(name) || name.length > charsMax) return
      await deliver(name, 'odd')
      expect(await place.value(name)).toBe('odd')
      const found = (await entry(name)) ?? { name }
      expect(await apply(remove(found))).toEqual([DONE])
      expect(await place.value(name)).toBeUndefined()
    })

    test('a call that was given up changes nothing', async () => {
      const name = place.name('some')
      const given = AbortSignal.abort(new CofferError('cancelled', 'It was given up.'))
      const answers = await place.destination.apply({ ...context, signal: given }, [
        put(name, CANARY, 'absent'),
      ])
      expect(answers.map((answer) => answer.done)).toEqual([false])
      expect(await place.value(name)).toBeUndefined()
      await expect(place.destination.list({ ...context, signal: given }, [])).rejects.toThrow(
        CofferError,
      )
    })

    test.each(FAULTS)('%s is told as what it is', async (fault, codes) => {
      const [name, theirs] = [place.name('some'), place.name('theirs')]
      await place.put(theirs, 'not ours')
      if (place.fail === undefined || (await place.fail(fault)) === false) return
      const change = put(name, CANARY, 'absent')
      const [answer] = await apply(change)
      if (fault !== 'no answer') {
        const listed: unknown = await list(name).catch((error: unknown) => error)
        expect(listed).toBeInstanceOf(CofferError)
        expect(codes).toContain((listed as CofferError).code)
        expect(leaks(listed)).toBe(false)
        await place.fail(undefined)
        expect(await place.value(name)).toBeUndefined()
      }
      await place.fail(undefined)
      if (answer === undefined) throw new Error('there is no answer for the change')
      expect(leaks(answer)).toBe(false)
      expect(await place.value(theirs)).toBe('not ours')
      if (answer.done) {
        expect(await place.value(name)).toBe(CANARY)
        return
      }
      expect(codes).toContain(codeOf(answer))
      // Said to have not happened, it has not; said to be unknown, it is either way.
      if (answer.unknown !== true) expect(await place.value(name)).toBeUndefined()
      else expect(fault).toBe('no answer')
    })
  })
}

/** What a destination is given: a fixed key, no signal that ever fires. */
export function deliveryContext(owner: string): DeliveryContext {
  return {
    signal: new AbortController().signal,
    owner,
    fingerprint: (value) =>
      createHmac('sha256', 'a key for tests').update(value).digest('hex').slice(0, 32),
  }
}

const CANARY = 'canary-8f0c2d71-not-to-be-printed'
const DONE = expect.objectContaining({ done: true }) as unknown
const TEXTS = [
  'plain',
  '',
  'two\nlines',
  'crlf\r\nends\r',
  ' spaces around ',
  'ключ 🔑 é',
  '${NOT} $expanded `x`',
  `'single' "double" \`back\` \\ # =`,
  'a\\nb\\\\',
  'nul \0 inside',
  '{"json":"value"}',
  '-----BEGIN KEY-----\nMIIB\n-----END KEY-----\n',
]
const ODD_NAMES = [
  '__proto__',
  'constructor',
  'toString',
  '../escape',
  'a/b',
  '.',
  '..',
  '',
  'with space',
  'with\nline',
  'EQUALS=SIGN',
  '-dash',
  '#hash',
  'x'.repeat(300),
]
const FAULTS: [DeliveryFault, string[]][] = [
  ['denied', ['denied', 'unauthenticated']],
  ['throttled', ['throttled']],
  ['unavailable', ['unavailable', 'timeout']],
  ['no answer', ['unavailable', 'timeout', 'conflict']],
]

const put = (name: string, text: string, expected: PutChange['expected']): PutChange => ({
  kind: 'put',
  name,
  secret: textSecret(`shop/test/api/${name}`, text, 3),
  path: 'shop/test/api/some',
  version: 3,
  expected,
})
const remove = (expected: DestinationEntry): DestinationChange => ({
  kind: 'remove',
  name: expected.name,
  expected,
})
const codeOf = (answer: ApplyAnswer | undefined): string | undefined =>
  answer?.done === false && answer.error instanceof CofferError ? answer.error.code : undefined
const leaks = (thing: unknown): boolean =>
  [inspect(thing, { depth: 9, showHidden: true }), JSON.stringify(thing) ?? ''].some((text) =>
    text.includes(CANARY),
  )
