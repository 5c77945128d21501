import { expect, it } from 'vitest'
import type { ChangeEvent, Coffer } from '../../core/ports/coffer.ts'
import type { Stage } from './world.ts'
import { actorWith } from './world.ts'

/** Changes are told in order, each once, to those who may know of them, and nobody else. */
export function eventsContract(stage: () => Stage): void {
  it('tells every kind of change in order, each once, and no value', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const heard = await listen(coffer, { prefix: path })
    await coffer.write(path, { value: 'CANARY' })
    await coffer.rotate(path)
    await coffer.update(path, { owner: 'me' })
    await coffer.label(path, { label: 'blue', to: 1 })
    await coffer.rollback(path, 1)
    await coffer.destroy(path, [2])
    await coffer.delete(path)
    await coffer.undelete(path)
    await coffer.purge(path)
    await heard.until(9)
    expect(heard.events.map(({ action, version, label }) => [action, version, label])).toEqual([
      ['write', 1, undefined],
      ['rotate', 2, undefined],
      ['update', undefined, undefined],
      ['label', 1, 'blue'],
      ['label', 1, 'current'],
      ['destroy', undefined, undefined],
      ['delete', undefined, undefined],
      ['undelete', undefined, undefined],
      ['purge', undefined, undefined],
    ])
    expect(heard.events.every((event) => event.path === path)).toBe(true)
    expect(JSON.stringify(heard.events)).not.toContain('CANARY')
    heard.stop()
  })

  it('goes on behind any cursor without losing or repeating', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const paths = Array.from({ length: 7 }, (_, i) => `${root}/${i}`)
    const first = await listen(coffer, { prefix: root })
    await coffer.writeMany(paths.slice(0, 4).map((path) => ({ path, input: { value: 'x' } })))
    await first.until(4)
    first.stop()
    await coffer.writeMany(paths.slice(4).map((path) => ({ path, input: { value: 'x' } })))
    for (const [i, { cursor }] of first.events.entries()) {
      const rest = await listen(coffer, { prefix: root, after: cursor })
      await rest.until(6 - i)
      expect(rest.events.map((event) => event.path)).toEqual(paths.slice(i + 1))
      rest.stop()
    }
    expect(first.events.map((event) => event.path)).toEqual(paths.slice(0, 4))
  })

  it('tells of nothing that was before, and of a subtree by whole segments', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    await coffer.write(`${root}/a`, { value: 'before' })
    const heard = await listen(coffer, { prefix: `${root}/a` })
    for (const name of ['ab', 'b', 'a/c', 'a']) {
      await coffer.write(`${root}/${name}`, { value: 'x' })
    }
    await heard.until(2)
    expect(heard.events.map((event) => event.path)).toEqual([`${root}/a/c`, `${root}/a`])
    heard.stop()
  })

  it('asks for each change whether the actor may list or read the secret then', async () => {
    const { coffer, fresh } = stage()
    const root = fresh()
    const lister = await actorWith(stage(), 'event-lister', [
      { effect: 'allow', actions: ['list'], paths: [`${root}/listed`] },
      { effect: 'allow', actions: ['read'], paths: [`${root}/read`] },
      {
        effect: 'allow',
        actions: ['read'],
        paths: [`${root}/staged`],
        conditions: { labels: ['pending'] },
      },
    ])
    const heard = await listen(lister, { prefix: root })
    await coffer.write(`${root}/hidden`, { value: 'x' })
    await coffer.write(`${root}/listed`, { value: 'x' })
    await coffer.write(`${root}/read`, { value: 'x' })
    await coffer.write(`${root}/staged`, { value: 'x', labels: ['pending'] })
    await heard.until(3)
    await coffer.access.deleteActor(lister.actor)
    await coffer.write(`${root}/listed`, { value: 'y' })
    const all = await listen(coffer, { prefix: root, after: heard.events.at(-1)!.cursor })
    await all.until(1)
    await new Promise((resolve) => setTimeout(resolve, 600))
    const names = heard.events.map((event) => event.path.slice(root.length + 1))
    expect(names).toEqual(['listed', 'read', 'staged'])
    heard.stop()
    all.stop()
  })

  it('refuses a cursor that it never gave', async () => {
    const { coffer } = stage()
    for (const after of [
      '',
      '%%%',
      'a'.repeat(10_000),
      'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    ]) {
      const error = await new Promise((resolve) => {
        coffer.events({ after }, () => {}, resolve)
      })
      expect(error, after.slice(0, 50)).toMatchObject({ code: 'invalid_argument' })
    }
  })

  it('tells nothing after it was stopped', async () => {
    const { coffer, fresh } = stage()
    const path = fresh()
    const stopped = await listen(coffer, { prefix: path })
    const other = await listen(coffer, { prefix: path })
    stopped.stop()
    await coffer.write(path, { value: 'x' })
    await other.until(1)
    expect(stopped.events).toEqual([])
    other.stop()
  })
}

interface Heard {
  readonly events: readonly ChangeEvent[]
  until(count: number): Promise<void>
  stop(): void
}

/** Listens from now on, and has begun when it returns. */
async function listen(coffer: Coffer, query: { prefix?: string; after?: string }): Promise<Heard> {
  const events: ChangeEvent[] = []
  const failures: unknown[] = []
  const stop = await new Promise<() => void>((resolve, reject) => {
    const stopping = coffer.events(
      query,
      (event) => events.push(event),
      (error) => {
        failures.push(error)
        reject(error instanceof Error ? error : new Error('It failed.'))
      },
      () => resolve(stopping),
    )
  })
  return {
    events,
    stop,
    async until(count) {
      await expect
        .poll(() => events.length, { timeout: 2_000, interval: 20 })
        .toBeGreaterThanOrEqual(count)
      expect(failures).toEqual([])
    },
  }
}
