import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import type { Store } from '../core/ports/store.ts'

export interface SharedStore {
  /** The URL of a module and what is in it, as `STORES.mine.open`: `({ dataDir }) => Promise<Store>`. */
  readonly module: string
  readonly open: string
  /** A fresh directory, and what to look at in it afterwards, when no process is left. */
  readonly dataDir: () => string
  readonly inspect?: (dataDir: string) => void
}

export interface ProcessScale {
  readonly writers: number
  readonly writesEach: number
  readonly killRounds: number
  readonly killWriters: number
}

/** What one write of a writer leaves: a counter, a head of its own, a line in the outbox. */
const WRITER = `
  const [module, open, dataDir, writer, writes] = process.argv.slice(1)
  const find = (from, name) => from[name]
  const store = await open.split('.').reduce(find, await import(module))({ dataDir })
  for (let n = 1; n <= Number(writes); n++) {
    const generation = await store.write(async (rows) => {
      const generation = ((await rows.state())?.generation ?? 0) + 1
      await rows.putState({ generation, accessGeneration: 0, seal: new Uint8Array(32) })
      const row = { id: 'w' + writer, version: n, path: 'w/' + writer, term: 1 }
      await rows.putVersion({ ...row, envelope: new Uint8Array(300).fill(n) })
      await rows.putHead(
        { kind: 'secret', path: row.path, head: new Uint8Array(100).fill(n), generation },
        { id: row.id, current: n },
      )
      if (n > 3) await rows.removeVersion(row.id, n - 3)
      await rows.appendOutbox({ generation, event: writer + ' ' + n })
      return generation
    })
    const seen = await store.current('w/' + writer)
    if (seen.generation < generation || seen.envelope?.[0] !== n % 256) throw new Error('stale')
    process.stdout.write(generation + ' ' + writer + ' ' + n + '\\n')
  }
  await store.close()
`

/** What a durable store promises when several processes use it at once. Needs vitest. */
export function storeProcesses(name: string, shared: SharedStore, scale: ProcessScale): void {
  const openIn = async (dataDir: string): Promise<Store> => {
    const find = (from: unknown, name: string): unknown => (from as Record<string, unknown>)[name]
    const open = shared.open.split('.').reduce(find, await import(shared.module))
    return (open as (location: { dataDir: string }) => Promise<Store>)({ dataDir })
  }

  describe(`store contract: processes on ${name}`, () => {
    it(`loses no write of ${scale.writers} processes, and reads nothing stale`, async () => {
      const dataDir = shared.dataDir()
      const store = await openIn(dataDir)
      let stale = 0
      const writers = Array.from({ length: scale.writers }, (_, i) =>
        startWriter(shared, dataDir, i, scale.writesEach, async (generation) => {
          if ((await store.current('any')).generation < generation) stale += 1
        }),
      )
      const ended = await Promise.all(writers.map((writer) => writer.ended))
      expect(ended.map((end) => end.problem)).toEqual(ended.map(() => ''))
      expect(stale).toBe(0)
      const total = scale.writers * scale.writesEach
      expect((await store.read((rows) => rows.state()))?.generation).toBe(total)
      const outbox = await store.read((rows) => rows.outbox(0, total + 1))
      expect(outbox.map((row) => row.generation)).toEqual(outbox.map((_, i) => i + 1))
      expect(new Set(outbox.map((row) => row.event)).size).toBe(total)
      const acknowledged = ended.flatMap((end) => end.acknowledged)
      expect(acknowledged.toSorted()).toEqual(
        outbox.map((row) => `${row.generation} ${row.event}`).toSorted(),
      )
      await store.close()
      shared.inspect?.(dataDir)
    })

    it('loses nothing acknowledged, and tears nothing, when processes are killed', async () => {
      const dataDir = shared.dataDir()
      const acknowledged: string[] = []
      let writer = 0
      for (let round = 0; round < scale.killRounds; round++) {
        const writers = Array.from({ length: scale.killWriters }, () => {
          const started = startWriter(shared, dataDir, writer++, 1_000_000, () => {
            // each dies at another place of a later write
            if (started.writes >= 3) setTimeout(() => started.child.kill('SIGKILL'), round % 7)
          })
          return started
        })
        for (const { ended } of writers) acknowledged.push(...(await ended).acknowledged)
        const store = await openIn(dataDir)
        await store.read(async (rows) => {
          const generation = (await rows.state())!.generation
          const outbox = await rows.outbox(0, 1_000_000)
          expect(outbox.map((row) => row.generation)).toEqual(outbox.map((_, i) => i + 1))
          expect(outbox).toHaveLength(generation)
          const lines = new Set(outbox.map((row) => `${row.generation} ${row.event}`))
          expect(acknowledged.filter((line) => !lines.has(line))).toEqual([])
          for (const head of await rows.heads({ kind: 'secret', limit: 1_000_000 })) {
            const { envelope } = await store.current(head.path)
            expect(envelope?.[0]).toBe(head.head[0])
          }
        })
        await store.close()
      }
      expect(acknowledged.length).toBeGreaterThanOrEqual(scale.killRounds * scale.killWriters * 3)
      shared.inspect?.(dataDir)
    })
  })
}

interface Writer {
  readonly child: ChildProcess
  readonly writes: number
  /** When the process is gone: its lines, and what it said when it was not ended by us. */
  readonly ended: Promise<{ acknowledged: string[]; problem: string }>
}

function startWriter(
  shared: SharedStore,
  dataDir: string,
  writer: number,
  writes: number,
  onWrite: (generation: number) => unknown,
): Writer {
  const args = [shared.module, shared.open, dataDir, `${writer}`, `${writes}`]
  const child = spawn(process.execPath, ['--input-type=module', '-e', WRITER, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const acknowledged: string[] = []
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    acknowledged.push(line)
    void onWrite(Number(line.split(' ')[0]))
  })
  const ended = new Promise<{ acknowledged: string[]; problem: string }>((resolve) => {
    child.on('close', (code, signal) => {
      const problem = code === 0 || signal === 'SIGKILL' ? '' : said || `exit ${code}`
      resolve({ acknowledged, problem })
    })
  })
  return {
    child,
    ended,
    get writes() {
      return acknowledged.length
    },
  }
}
