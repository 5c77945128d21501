import { setTimeout as after } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { CofferError } from '../../src/core/errors.ts'
import type { Sink } from '../../src/core/ports/sink.ts'
import { admin, newHome } from '../support/platform.ts'

/** Law 2, at the outermost door: a required sink stands for any place where an event must be. */
interface Gate extends Sink {
  readonly lines: string[]
  /** What `append` does from now on. */
  state: 'open' | 'shut' | 'broken'
  open(): void
}

function gate(): Gate {
  const waiting = new Set<() => void>()
  return {
    kind: 'gate',
    description: 'a gate',
    lines: [],
    state: 'open',
    async append(lines) {
      if (this.state === 'broken') throw new CofferError('audit_unavailable', 'The gate is broken.')
      if (this.state === 'shut') await new Promise<void>((resolve) => waiting.add(resolve))
      this.lines.push(...lines)
    },
    open() {
      this.state = 'open'
      for (const go of waiting) go()
    },
    close: async () => {},
  }
}

async function stocked() {
  const home = await newHome()
  const sink = gate()
  const platform = await home.open({ sinks: [sink] })
  const coffer = admin(platform)
  await coffer.write('shop/a', { value: 'a1' })
  return { sink, platform, coffer }
}

test('no value leaves before its event is acknowledged', async () => {
  const { sink, coffer } = await stocked()
  sink.state = 'shut'
  const before = sink.lines.length
  const reading = coffer.read({ path: 'shop/a' })
  const first = await Promise.race([reading, after(150, 'nothing yet')])
  expect(first).toBe('nothing yet')
  sink.open()
  expect((await reading)?.secret.reveal()).toBe('a1')
  const told = sink.lines.slice(before).filter((line) => line.includes('"action":"read"'))
  expect(told).toHaveLength(1)
})

test('when auditing fails, so does every way to a value, a name or a change', async () => {
  const { sink, coffer } = await stocked()
  sink.state = 'broken'
  const ways: Record<string, () => Promise<unknown>> = {
    read: () => coffer.read({ path: 'shop/a' }),
    absent: () => coffer.read({ path: 'shop/nothing' }),
    describe: () => coffer.describe('shop/a'),
    list: () => coffer.list({ prefix: 'shop' }),
    write: () => coffer.write('shop/b', { value: 'b1' }),
  }
  for (const [name, way] of Object.entries(ways)) {
    await expect(way(), name).rejects.toMatchObject({ code: 'audit_unavailable' })
  }
  const [answer] = await coffer
    .readMany([{ path: 'shop/a' }])
    .catch((error: unknown) => [{ error }])
  expect(answer).toMatchObject({ error: { code: 'audit_unavailable' } })
  sink.state = 'open'
  expect((await coffer.read({ path: 'shop/a' }))?.secret.reveal()).toBe('a1')
})

test('a denial is audited before it is told', async () => {
  const { sink, platform } = await stocked()
  const stranger = platform.as('service:stranger')
  await expect(stranger.read({ path: 'shop/a' })).rejects.toMatchObject({ code: 'denied' })
  expect(sink.lines.join('\n')).toMatch(
    /"actor":"service:stranger","action":"read","outcome":"denied"/,
  )
  sink.state = 'broken'
  const refused = stranger.read({ path: 'shop/a' })
  await expect(refused).rejects.toMatchObject({ code: 'audit_unavailable' })
})
