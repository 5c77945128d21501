import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createSupervisor, FAILED_STARTS_MAX } from './supervisor.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

function fleet() {
  const workers: Worker[] = []
  let gaveUp = 0
  const supervisor = createSupervisor({
    fork: () => {
      const worker = new EventEmitter() as Worker
      workers.push(worker)
      return worker
    },
    clock: () => Date.now(),
    ended: () => {},
    giveUp: () => void (gaveUp += 1),
  })
  const end = (at: number) => workers.at(at)?.emit('exit', 1, null)
  return { supervisor, workers, end, gaveUp: () => gaveUp }
}

test('a worker that ends is replaced at once; one after the other, later and later', async () => {
  const { supervisor, workers, end } = fleet()
  supervisor.start()
  end(-1)
  await vi.advanceTimersByTimeAsync(0)
  expect(workers).toHaveLength(2)
  end(-1)
  await vi.advanceTimersByTimeAsync(399)
  expect(workers).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(workers).toHaveLength(3)
  // One that lived long is no sign of trouble.
  await vi.advanceTimersByTimeAsync(10_000)
  end(-1)
  await vi.advanceTimersByTimeAsync(0)
  expect(workers).toHaveLength(4)
})

test('workers that never come to answer are given up after FAILED_STARTS_MAX', async () => {
  const { supervisor, workers, end, gaveUp } = fleet()
  supervisor.start()
  for (let i = 0; i < FAILED_STARTS_MAX - 1; i++) {
    end(-1)
    await vi.advanceTimersByTimeAsync(5_000)
  }
  expect(gaveUp()).toBe(0)
  end(-1)
  await vi.advanceTimersByTimeAsync(60_000)
  expect(gaveUp()).toBe(1)
  expect(workers).toHaveLength(FAILED_STARTS_MAX)
})

test('as long as another answers nobody gives up, however often one is killed', async () => {
  const { supervisor, workers, end, gaveUp } = fleet()
  supervisor.start()
  supervisor.start()
  supervisor.healthy(workers[0] as Worker)
  for (let i = 0; i < 3 * FAILED_STARTS_MAX; i++) {
    end(-1)
    await vi.advanceTimersByTimeAsync(5_000)
  }
  expect(gaveUp()).toBe(0)
})

test('after a stop nobody is followed', async () => {
  const { supervisor, workers, end } = fleet()
  supervisor.start()
  end(-1)
  supervisor.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(workers).toHaveLength(1)
})
