import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ErrorCode } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { seededRandom } from '../../../testing/seeded-random.ts'
import { fail, refs, testPlace, value } from '../test-place.ts'

let home: string
beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'coffer-faults-'))))
afterAll(() => rmSync(home, { recursive: true }))

const { signal } = new AbortController()
const CODES: readonly ErrorCode[] = ['throttled', 'unavailable', 'timeout', 'corrupt', 'denied']

test.each(['a', 'b', 'c', 'd'])(
  'whatever fails (seed %s), absent is only what the place said is',
  async (seed) => {
    const random = seededRandom(seed)
    const chance = () => random(1)[0]! / 256
    const pick = <T>(among: readonly T[]): T => among[Math.floor(chance() * among.length)]!
    const batchMax = pick([1, 3, 20])
    const { state, world, start, again } = testPlace(path.join(home, seed), {
      batchMax,
      async call(asked) {
        state.calls.push(asked.map(({ key }) => key))
        state.mostActive = Math.max(state.mostActive, ++state.active)
        await new Promise(setImmediate)
        state.active--
        if (chance() < 0.1) throw fail(pick(CODES), pick([undefined, 200, 9_000]))
        if (chance() < 0.02) throw new TypeError('a bug')
        // Half an answer: fewer than were asked for.
        const most = chance() < 0.03 ? asked.length - 1 : asked.length
        return asked.slice(0, most).map(({ key }) => {
          if (isAbsent(key)) return { value: undefined }
          return chance() < 0.1 ? { error: fail(pick(CODES)) } : value(key)
        })
      },
    })
    let first = 0
    for (let load = 0; load < 150; load++) {
      const asked = refs(1 + Math.floor(chance() * 60), Math.floor(chance() * 40))
      const answers = await (chance() < 0.7 ? again() : start()).resolve(asked, signal)
      first += Math.ceil(asked.length / batchMax)
      expect(answers).toHaveLength(asked.length)
      for (const [i, answer] of answers.entries()) {
        const { key } = asked[i]!
        if ('error' in answer) expect(answer.error).toBeInstanceOf(Error)
        else if (answer.value === undefined) expect(isAbsent(key), key).toBe(true)
        else expect(answer.value.secret.reveal()).toBe(`of ${key}`)
      }
      world.now += Math.floor(chance() * 90_000)
    }
    expect(state.mostActive).toBeLessThanOrEqual(LIMITS.providerCallsMax)
    expect(state.calls.length).toBeLessThanOrEqual(first * 1.2 + 2 * 150)
    expect(state.active).toBe(0)
  },
)

const isAbsent = (key: string) => Number(key.slice(1)) % 7 === 0
