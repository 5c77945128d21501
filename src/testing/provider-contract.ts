import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CofferError } from '../core/errors.ts'
import type { Provider, ProviderAnswer } from '../core/ports/provider.ts'

/** One place with a provider before it, and the hands of whoever owns the place. */
export interface ProviderHarness {
  readonly provider: Provider
  /** A key that this place accepts, made of a short word. */
  key(word: string): string
  put(key: string, text: string): Promise<void> | void
  remove(key: string): Promise<void> | void
  /** Makes this one key refuse to be read; absent where the place cannot. */
  deny?(key: string): Promise<void> | void
  /** Makes the whole place fail; absent where it cannot. */
  breakDown?(): Promise<void> | void
  close?(): Promise<void> | void
}

/**
 * What every provider keeps. Call it in the provider's own test; the test of the registry fails
 * for a provider that has none.
 *
 * @example
 * providerContract('memory', () => ({ provider, key: (word) => word, put, remove }))
 */
export function providerContract(
  kind: string,
  make: () => ProviderHarness | Promise<ProviderHarness>,
): void {
  describe(`provider ${kind}`, () => {
    let place: ProviderHarness
    const { signal } = new AbortController()
    const ask = (keys: readonly string[]) =>
      place.provider.resolve(
        keys.map((key) => ({ provider: kind, key })),
        signal,
      )

    beforeEach(async () => void (place = await make()))
    afterEach(() => place.close?.())

    test('is of its kind', () => {
      expect(place.provider.kind).toBe(kind)
      expect(place.provider.batchMax).toBeGreaterThanOrEqual(1)
    })

    test.each(TEXTS)('a value comes back as it was put: %j', async (text) => {
      const key = place.key('some')
      await place.put(key, text)
      expect((await ask([key])).map(reveal)).toEqual([text])
    })

    test('what is not there is absent, and is absent again once removed', async () => {
      const key = place.key('gone')
      expect(await ask([key])).toEqual([{ value: undefined }])
      await place.put(key, 'here for a while')
      await place.remove(key)
      expect(await ask([key])).toEqual([{ value: undefined }])
    })

    test('answers stand in the order of the questions, up to a whole batch', async () => {
      const count = Math.min(place.provider.batchMax, 60)
      const keys = Array.from({ length: count }, (_, i) => place.key(`k${i}`))
      for (const [i, key] of keys.entries()) if (i % 3 !== 0) await place.put(key, `value ${i}`)
      const asked = [...keys.toReversed(), ...keys].slice(0, place.provider.batchMax)
      const expected = asked.map((key) => keys.indexOf(key))
      const answers = await ask(asked)
      expect(answers.map(reveal)).toEqual(
        expected.map((i) => (i % 3 === 0 ? undefined : `value ${i}`)),
      )
    })

    test('no question at all is no answer at all', async () => {
      expect(await ask([])).toEqual([])
    })

    test.each(HOSTILE)('the key %j finds nothing and breaks nothing', async (key) => {
      const good = place.key('good')
      await place.put(good, 'good value')
      const [odd, plain] = await ask([key, good])
      expect(reveal(plain)).toBe('good value')
      const absent = { value: undefined }
      const refused = { error: expect.any(CofferError) as unknown }
      expect([absent, refused]).toContainEqual(odd)
    })

    test('field and encoding are not its work', async () => {
      const key = place.key('json')
      await place.put(key, '{"a":"YQ=="}')
      const ref = { provider: kind, key, field: 'a', encoding: 'base64' } as const
      expect((await place.provider.resolve([ref], signal)).map(reveal)).toEqual(['{"a":"YQ=="}'])
    })

    test('an answer prints nothing of its value', async () => {
      const key = place.key('quiet')
      await place.put(key, CANARY)
      const answers = await ask([key])
      const printed = [inspect(answers, { depth: 9, showHidden: true }), JSON.stringify(answers)]
      expect(printed.join('').includes(CANARY)).toBe(false)
      expect(reveal(answers[0])).toBe(CANARY)
    })

    test('a denied key is denied, not absent, and the others are answered', async (context) => {
      context.skip(place.deny === undefined, 'this place cannot deny here')
      const [bad, good] = [place.key('bad'), place.key('good')]
      await place.put(bad, CANARY)
      await place.put(good, 'good value')
      await place.deny?.(bad)
      const [denied, plain] = await ask([bad, good])
      expect(denied).toMatchObject({ error: { code: 'denied' } })
      expect(reveal(plain)).toBe('good value')
      expect(inspect(denied).includes(CANARY)).toBe(false)
    })

    test('a place that fails answers with errors, never with absence', async (context) => {
      context.skip(place.breakDown === undefined, 'this place cannot fail')
      const key = place.key('some')
      await place.put(key, CANARY)
      await place.breakDown?.()
      const answers = await ask([key, place.key('other')])
      expect(answers).toHaveLength(2)
      for (const answer of answers) {
        expect('error' in answer && answer.error).toBeInstanceOf(CofferError)
      }
    })

    test('a watched key tells of a change within 2 s, and is silent once stopped', async (context) => {
      const { provider } = place
      context.skip(provider.watch === undefined, 'this place cannot be watched')
      const key = place.key('live')
      await place.put(key, 'first')
      const changed = vi.fn<() => void>()
      const failed = vi.fn<(error: unknown) => void>()
      const stop = provider.watch?.({ provider: kind, key }, changed, failed)
      await new Promise((resolve) => setTimeout(resolve, 100))
      await place.put(key, 'second, of another length')
      await vi.waitFor(() => expect(changed).toHaveBeenCalled(), { timeout: 2_000, interval: 20 })
      stop?.()
      changed.mockClear()
      await place.put(key, 'third')
      await new Promise((resolve) => setTimeout(resolve, 600))
      expect(changed).not.toHaveBeenCalled()
      expect(failed).not.toHaveBeenCalled()
    })
  })
}

const CANARY = 'canary-5bb1b0f4-not-to-be-printed'
const TEXTS = ['plain', '', 'two\nlines', ' spaces around ', 'ключ 🔑 é', '${NOT} $expanded `x`']
const HOSTILE = [
  '__proto__',
  'constructor',
  'toString',
  '../../../../etc/passwd',
  '/etc/passwd',
  '..',
  'with\0nul',
  'x'.repeat(5_000),
]

const reveal = (answer: ProviderAnswer | undefined): unknown => {
  if (answer === undefined) return 'no answer'
  return 'error' in answer ? answer.error : answer.value?.secret.reveal()
}
