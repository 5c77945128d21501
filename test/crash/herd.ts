import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { ADMIN, admin } from '../support/platform.ts'
import type { Home } from '../support/platform.ts'

export interface Worker {
  readonly child: ChildProcess
  /** Lines that it acknowledged so far. */
  readonly lines: string[]
  /** Its exit code or signal, once it is over. */
  readonly over: Promise<number | string | null>
  stderr(): string
}

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** Starts a process of its own on the store. */
export function start(home: Home, job: string, name: string, count: number, seed = 0): Worker {
  const child = spawn(process.execPath, [WORKER, job, name, String(count), String(seed)], {
    env: { ...home.options.env, COFFER_DATA_DIR: home.dataDir, KEYS: home.dir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  let rest = ''
  let errors = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts)
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  const over = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string)
  return { child, lines, over, stderr: () => errors }
}

export const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Forty secrets that no worker changes. */
export async function seed(home: Home): Promise<void> {
  const platform = await home.open()
  const items = Array.from({ length: 40 }, (_, i) => `seed/${i}`)
  await admin(platform).writeMany(
    items.map((path) => ({ path, input: { value: `value of ${path}` } })),
  )
  await platform.close()
}

/** Everything that was acknowledged is there, whole, and the store is sound. */
export async function judge(home: Home, lines: readonly string[]): Promise<void> {
  const platform = await home.open()
  const coffer = admin(platform)
  const value = async (path: string, version?: number) =>
    (await coffer.read({ path, version }))?.secret.reveal()
  const shared = (await coffer.describe('crash/shared'))?.versions.map((v) => v.number) ?? []
  const oldest = shared[0] ?? 0
  expect(shared).toEqual(shared.map((_, i) => oldest + i))
  for (const line of lines) {
    const [what, subject = '', ...rest] = line.split(' ')
    if (what === 'wrote') expect(await value(subject), line).toBe(rest.join(' '))
    // Older ones have made room for newer ones.
    if (what === 'version' && Number(subject) >= oldest) {
      expect(await value('crash/shared', Number(subject)), line).toBe(rest.join(' '))
    }
    if (what === 'imported') {
      for (const n of [0, 49]) expect(await value(`${subject}/${n}`), line).toMatch(` ${n}`)
    }
  }
  for (let i = 0; i < 40; i++) expect(await value(`seed/${i}`)).toBe(`value of seed/${i}`)
  const report = await platform.doctor()
  expect(report.checks.filter((check) => !check.ok)).toEqual([])
  await wholeImports(home)
  const events = await coffer.audit.query({ limit: 10_000 })
  const generations = events.flatMap((e) => (e.generation === undefined ? [] : [e.generation]))
  const first = generations[0] ?? 1
  expect(generations).toEqual(generations.map((_, i) => first + i))
  await platform.keys.rotate({ actor: ADMIN })
  const { terms } = await platform.keys.status()
  expect(terms.filter((term) => term.state === 'retiring')).toEqual([])
  expect(await platform.doctor()).toMatchObject({ ok: true })
  await platform.close()
}

/** An import is there with all of its fifty secrets, or not at all. */
async function wholeImports(home: Home): Promise<void> {
  const platform = await home.open()
  const counts = new Map<string, number>()
  for (let cursor: string | undefined; ;) {
    const page = await admin(platform).list({ prefix: 'import', limit: 1_000, cursor })
    for (const { path } of page.items) {
      const batch = path.slice(0, path.lastIndexOf('/'))
      counts.set(batch, (counts.get(batch) ?? 0) + 1)
    }
    cursor = page.cursor
    if (cursor === undefined) break
  }
  for (const [batch, count] of counts) expect(count, batch).toBe(50)
  await platform.close()
}
