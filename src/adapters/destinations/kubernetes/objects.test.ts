import { expect, test, vi } from 'vitest'
import { CofferError } from '../../../core/errors.ts'
import type { Cluster } from '../../net/cluster.ts'
import { objectsOf } from './objects.ts'
import type { Objects, PatchOptions } from './objects.ts'

// Nobody waits here before trying again.
vi.mock('node:timers/promises', () => ({ setTimeout: () => Promise.resolve() }))

const { signal } = new AbortController()
const LOST = new CofferError('unavailable', 'lost', { details: { reason: 'ECONNRESET' } })
const OBJECT = { status: 200, body: '{"kind":"Secret"}' }

/** A cluster that answers so, one after the other; and what it was asked. */
function answering(...answers: ({ status: number; body: string } | CofferError)[]) {
  let calls = 0
  const cluster: Pick<Cluster, 'request'> = {
    request: async () => {
      const answer = answers[Math.min(calls++, answers.length - 1)]!
      if (answer instanceof CofferError) throw answer
      const { status, body } = answer
      const told = { type: 'application/json', retryAfterMs: 0, location: undefined, headers: {} }
      return { status, body: Buffer.from(body), ...told }
    },
  }
  return { objects: objectsOf(cluster as Cluster), calls: () => calls }
}

const get = (objects: Objects) => objects.get('/x', signal)
const patch = (how: Partial<PatchOptions>) => (objects: Objects) =>
  objects.patch('/x', {}, { type: 'apply', signal, ...how })
const told = (work: Promise<unknown>) => work.catch((error: CofferError) => error.code)

test.each([{ status: 429, body: '' }, { status: 500, body: '<html>' }, LOST])(
  'what passes is looked at again, and so is what may be made twice (%#)',
  async (failure) => {
    for (const work of [get, patch({ type: 'merge', repeatable: true })]) {
      const { objects, calls } = answering(failure, failure, OBJECT)
      expect(await work(objects)).toEqual({ kind: 'Secret' })
      expect(calls()).toBe(3)
      const never = answering(failure)
      expect(await told(work(never.objects))).toMatch(/throttled|unavailable/)
      expect(never.calls()).toBe(4)
    }
  },
)

test('a change of a certain version is made again only when it was not made', async () => {
  const throttled = answering({ status: 429, body: '' }, OBJECT)
  expect(await patch({})(throttled.objects)).toEqual({ kind: 'Secret' })
  for (const failure of [{ status: 500, body: '' }, LOST]) {
    const { objects, calls } = answering(failure, OBJECT)
    expect(await told(patch({})(objects))).toBe('unavailable')
    expect(calls()).toBe(1)
  }
})

test('absent is no failure of a look, and one of a change', async () => {
  const { objects, calls } = answering({ status: 404, body: '{}' })
  expect(await get(objects)).toBeUndefined()
  expect(await told(patch({})(objects))).toBe('not_found')
  expect(calls()).toBe(2)
})
