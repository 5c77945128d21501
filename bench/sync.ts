/** A plan over 5,000 entries: all of them new, and all of them in step, each in a process of its own. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { openPlatform } from '../src/compose.ts'
import type { PlatformOptions } from '../src/compose.ts'
import { ambient, applySync, planSync } from '../src/compose/sync.ts'
import type { SyncTarget, SyncWorld } from '../src/compose/sync.ts'
import type { Coffer } from '../src/core/ports/coffer.ts'
import type { Destination, DestinationEntry } from '../src/core/ports/destination.ts'
import { ACTOR, pathOf, withPlatform } from './fixture.ts'
import type { Row } from './measure.ts'

const ENTRIES = 5_000
const ID = 'bench:place'

export async function measure(): Promise<Row[]> {
  return withPlatform(ENTRIES, async (platform, options) => {
    const coffer = platform.as(ACTOR)
    await coffer.access.putPolicy({
      name: 'deliver',
      rules: [
        {
          effect: 'allow',
          actions: ['deliver'],
          paths: ['shop/**'],
          conditions: { destinations: [ID] },
        },
      ],
    })
    await coffer.access.putActor({ name: ACTOR, policies: ['admin', 'deliver'], roles: [] })
    const fresh = await planApart(options, [])
    const target = targetAt([])
    const world = worldOf(coffer)
    await applySync(await planSync(target, world), target, world)
    const found = await target.destination.list(
      { owner: '', signal: world.signal, fingerprint: String },
      [],
    )
    const settled = await planApart(options, found)
    return [row('new', 'create', fresh), row('in step', 'unchanged', settled)]
  })
}

interface Look {
  readonly ms: number
  readonly memoryMiB: number
  readonly actions: Readonly<Record<string, number>>
}

function row(words: string, action: string, { ms, memoryMiB, actions }: Look): Row {
  if (actions[action] !== ENTRIES) throw new Error(`it is not: ${JSON.stringify(actions)}`)
  return {
    what: `plan over ${ENTRIES.toLocaleString('en')} destination entries, all ${words}`,
    measured: `${ms.toFixed(0)} ms; ${memoryMiB.toFixed(0)} MiB`,
    reach: '<= 2 s; <= 200 MB',
    ok: ms <= 2_000 && memoryMiB <= 200_000_000 / 1_048_576,
  }
}

function planApart(options: PlatformOptions, found: readonly DestinationEntry[]): Promise<Look> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['look'])
    child.once('message', (look) => resolve(look as Look))
    child.once('exit', (code) => code !== 0 && reject(new Error(`look ended with ${code}`)))
    child.send({ options, found })
  })
}

if (process.argv[2] === 'look') {
  process.once('message', (message) => {
    const { options, found } = message as {
      options: PlatformOptions
      found: readonly DestinationEntry[]
    }
    look(options, found)
      .then((seen) => {
        process.send?.(seen)
        process.disconnect?.()
      })
      .catch((error: unknown) => {
        console.error(error)
        process.exit(1)
      })
  })
}

async function look(options: PlatformOptions, found: readonly DestinationEntry[]): Promise<Look> {
  const platform = await openPlatform(options)
  try {
    const world = worldOf(platform.as(ACTOR))
    const start = performance.now()
    const { items } = await planSync(targetAt(found), world)
    const ms = performance.now() - start
    const counts = Map.groupBy(items, ({ action }) => action)
    return {
      ms,
      memoryMiB: process.memoryUsage().rss / 1_048_576,
      actions: Object.fromEntries([...counts].map(([action, all]) => [action, all.length])),
    }
  } finally {
    await platform.close()
  }
}

const worldOf = (coffer: Coffer): SyncWorld => ({
  ...ambient,
  coffer,
  actor: ACTOR,
  signal: new AbortController().signal,
  elsewhere: async () => [],
  material: (_ref, secret) => secret.revealBytes(),
})

const targetAt = (found: readonly DestinationEntry[]): SyncTarget => ({
  destination: placeOf(found),
  owner: 'shop/prod',
  entries: Array.from({ length: ENTRIES }, (_, i) => ({
    name: `KEY_${i}`,
    path: pathOf(i),
    ref: { provider: 'coffer', key: pathOf(i) },
  })),
})

/** Write-only, without marks: everything depends on the ledger. */
function placeOf(found: readonly DestinationEntry[]): Destination {
  const kept = new Map(found.map((entry) => [entry.name, entry]))
  return {
    kind: 'bench',
    id: ID,
    readable: false,
    batchMax: 500,
    limits: {
      name: { pattern: /^[A-Z0-9_]+$/, says: 'capitals, digits and _', charsMax: 100 },
      valueBytesMax: 65_536,
      textOnly: true,
    },
    list: async () => [...kept.values()],
    apply: async (_context, changes) =>
      changes.map(({ name }) => {
        kept.set(name, { name, revision: '1' })
        return { done: true, revision: '1' }
      }),
  }
}
