import { isCofferError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import type { SweepReport } from '../core/ports/platform.ts'
import type { SecretRecord } from '../core/record.ts'
import { canGenerate, generateValue } from '../core/types/generate.ts'
import { encodeValue } from '../core/value.ts'
import { purge } from './coffer.ts'
import type { EngineContext, Origin } from './context.ts'
import { inspect } from './integrity.ts'
import { isDue } from './secrets/list.ts'
import { addVersion } from './secrets/write.ts'
import { originFacts, transact } from './transaction.ts'

const CHUNK = 500
/** The sweeper looks for its lease this often; another process takes over after two misses. */
const TICK_MS = 60_000

/**
 * One pass of the background work: purges what was deleted and is past its recovery window, rotates
 * what is due and may be rotated by Coffer itself, prunes the audit log, checks the digest of all
 * heads. Nothing is purged while the digest disagrees: an attacker's rows decide no deletion.
 */
export async function sweep(context: EngineContext, origin: Origin): Promise<SweepReport> {
  const now = context.clock()
  const { digestOk } = await inspect(context, { values: false })
  const purged: string[] = []
  const rotated: string[] = []
  const due: string[] = []
  const failed: { path: string; code: string }[] = []

  const attempt = async (path: string, done: string[], work: () => Promise<unknown>) => {
    try {
      await work()
      done.push(path)
    } catch (error) {
      if (!isCofferError(error)) throw error
      failed.push({ path, code: error.code })
    }
  }

  for await (const record of allSecrets(context)) {
    const { path } = record
    if (record.purgeAt !== undefined && record.purgeAt <= now) {
      if (digestOk) {
        await attempt(path, purged, () =>
          transact(context, origin, { action: 'purge', resource: path }, (tx) => purge(tx, path)),
        )
      }
    } else if (isDue(record, now)) {
      if (record.rotation?.automatic === true && canGenerate(record.type)) {
        await attempt(path, rotated, () => rotate(context, origin, path))
      } else {
        due.push(path)
      }
    }
  }
  if (purged.length > 0) await context.store.scrub()
  await context.log.prune(now, origin.actor)
  await context.log.append([
    {
      at: now,
      actor: origin.actor,
      action: 'sweep',
      outcome: digestOk ? 'allowed' : 'failed',
      resource: 'store:data',
      ...(digestOk ? {} : { code: 'corrupt' }),
      reason: `${purged.length} purged, ${rotated.length} rotated, ${due.length} due`,
      ...originFacts(origin),
    },
  ])
  return { purged, rotated, due, failed, digestOk }
}

const rotate = (context: EngineContext, origin: Origin, path: string) =>
  transact(context, origin, { action: 'rotate', resource: path }, (tx) =>
    addVersion(tx, context, origin, path, {
      action: 'rotate',
      value: ({ type }) => encodeValue(generateValue(type, {}, context.random)),
    }),
  )

async function* allSecrets(context: EngineContext): AsyncGenerator<SecretRecord> {
  for (let after: string | undefined; ;) {
    const position = after === undefined ? {} : { after }
    const chunk = await context.store.read((rows) =>
      rows.heads({ kind: 'secret', limit: CHUNK, ...position }),
    )
    for (const row of chunk) yield context.heads.secret(row.path, row.head)
    after = chunk.at(-1)?.path
    if (after === undefined || chunk.length < CHUNK) return
  }
}

/**
 * Sweeps every `everyMs` as long as this process holds the store's lease; one process of many does
 * it. Timers do not keep the process alive. Returns a stop that waits for a sweep under way.
 */
export function startSweeping(
  context: EngineContext,
  origin: Origin,
  everyMs: number = LIMITS.sweepEveryMs,
): () => Promise<void> {
  const holder = Buffer.from(context.random(16)).toString('hex')
  let working: Promise<unknown> = Promise.resolve()
  let busy = false

  const tick = async () => {
    const now = context.clock()
    if (!(await context.store.lease('sweeper', holder, now, 2 * TICK_MS))) return
    // Held until the next sweep is due, by a holder that nobody can be again: not renewable.
    const once = Buffer.from(context.random(16)).toString('hex')
    if (await context.store.lease('swept', once, now, everyMs)) await sweep(context, origin)
  }
  const timer = setInterval(
    () => {
      if (busy) return
      busy = true
      // A failed pass has left its own audit event, and the next tick tries again.
      working = tick()
        .catch(() => {})
        .finally(() => {
          busy = false
        })
    },
    Math.min(TICK_MS, everyMs),
  ).unref()

  return async () => {
    clearInterval(timer)
    await working
  }
}
