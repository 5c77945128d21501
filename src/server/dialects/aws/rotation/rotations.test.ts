import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import type { Started } from './rotations.ts'
import { createRotations } from './rotations.ts'

test('no more rotations run at a time than may; the others wait, and a stop ends them all', async () => {
  let [now, most, steps] = [0, 0, 0]
  const functions = createServer((_, answer) => {
    now += 1
    steps += 1
    most = Math.max(most, now)
    setTimeout(() => {
      now -= 1
      answer.end('{}')
    }, 10)
  })
  await new Promise<void>((resolve) => functions.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void functions.close())
  const { port } = functions.address() as AddressInfo
  const dialects = { aws: { rotation: { enabled: true } } }
  const call = {
    region: 'eu-west-1',
    accountId: '123456789012',
    platform: {
      peek: async (path: string) => ({ id: path, path, versions: [], labels: {}, dialects }),
    },
  }
  const rotation = (id: string) =>
    ({
      call,
      record: { id, path: id },
      token: 't',
      target: { kind: 'url', url: `http://127.0.0.1:${port}/` },
    }) as unknown as Started

  const rotations = createRotations(2)
  for (let i = 0; i < 6; i++) rotations.start(rotation(`secret-${i}`))
  await expect.poll(() => steps, { timeout: 5_000 }).toBe(6 * 4)
  expect(most).toBe(2)

  for (let i = 0; i < 100; i++) rotations.start(rotation(`other-${i}`))
  await rotations.close()
  expect(steps).toBeLessThan(6 * 4 + 100)
})
