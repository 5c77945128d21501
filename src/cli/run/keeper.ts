import { closeSync, openSync, writeSync } from 'node:fs'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Composition } from '../composition.ts'
import { readToEnd } from '../process-world.ts'
import { keeperAnswer, type KeeperOrder } from './keep-files.ts'
import { privateDir } from './private-dir.ts'
import { isAlive } from './process-identity.ts'

const LOOK_EVERY_MS = 250
const RETRY_MS = 2_000
const ORDER_BYTES_MAX = 64 * 1_048_576

/**
 * The keeper of `run --files`: reads its order from stdin, says `ready` on stdout, then writes each
 * file again after a change until the command ends. A secret that cannot be read leaves its file as
 * it is, and is tried again.
 */
export async function keep(compose: () => Promise<Composition>): Promise<number> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGPIPE'] as const) {
    process.on(signal, () => {})
  }
  const order = JSON.parse(
    Buffer.from(readToEnd(0, ORDER_BYTES_MAX)).toString('utf8'),
  ) as KeeperOrder
  const answers = new Map(order.answers)
  try {
    const { openPlatform } = await compose()
    const platform = await openPlatform({
      ...order.platform,
      prompt: async (question) => answers.get(question) ?? '',
    })
    const coffer = platform.as(order.actor, { via: 'cli' })
    const stops = order.files.map((file) => keepOne(coffer, order, file))
    say('ready\n')
    await endOf(order)
    for (const stop of stops) stop()
    await platform.close()
  } catch (error) {
    say(keeperAnswer(error))
  }
  if (!order.leave) privateDir(order.dir).remove(order.written, order.made)
  return 0
}

/** Writes one file again after each change, one write at a time; returns a stop. */
function keepOne(
  coffer: Coffer,
  order: KeeperOrder,
  { path, relative }: { path: string; relative: string },
): () => void {
  const state = { wanted: 0, busy: false, stopped: false }
  const refresh = async (): Promise<void> => {
    if (state.busy) return
    state.busy = true
    for (let done = -1; done !== state.wanted && !state.stopped;) {
      done = state.wanted
      const found = await coffer.read({ path })
      if (found === undefined || state.stopped) continue
      privateDir(order.dir).write(relative, found.secret.revealBytes())
    }
    state.busy = false
  }
  const changed = (): void => {
    state.wanted++
    refresh().catch(() => {
      state.busy = false
      setTimeout(changed, RETRY_MS).unref()
    })
  }
  const stop = coffer.watch(path, changed, () => setTimeout(changed, RETRY_MS).unref())
  return () => {
    state.stopped = true
    stop()
  }
}

const endOf = (order: KeeperOrder): Promise<void> =>
  new Promise((resolve) => {
    const timer = setInterval(() => {
      if (isAlive(order.until)) return
      clearInterval(timer)
      resolve()
    }, LOOK_EVERY_MS)
  })

/** Tells who waits; then stdout is let go, so that nobody waits for it. */
function say(text: string): void {
  try {
    writeSync(1, text)
  } catch {
    // Who asked has gone; the command's end will be noticed.
  }
  closeSync(1)
  openSync('/dev/null', 'w')
}
