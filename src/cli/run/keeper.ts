import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { Composition } from '../composition.ts'
import { readToEnd } from '../process-world.ts'
import { connectTo } from '../remote.ts'
import { keeperAnswer, type KeeperOrder } from './keep-files.ts'
import { privateDir } from './private-dir.ts'
import { isAlive } from './process-identity.ts'

const LOOK_EVERY_MS = 250
const RETRY_MS = 2_000
const ORDER_BYTES_MAX = 64 * 1_048_576

/**
 * The keeper of `run --files`: reads its order from stdin, says `ready` on stdout, then writes each
 * file again after a change until the command ends. A secret that cannot be read leaves its file as
 * it is, and is tried again. Like every process that stays, it takes its turn at the background
 * sweep.
 */
export async function keep(compose: () => Promise<Composition>): Promise<number> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM', 'SIGPIPE'] as const) {
    process.on(signal, () => {})
  }
  const order = JSON.parse(
    Buffer.from(readToEnd(0, ORDER_BYTES_MAX)).toString('utf8'),
  ) as KeeperOrder
  const written = new Map(order.written)
  try {
    const open = await opened(order, compose)
    const dir: Files = {
      write: (relative, bytes) => {
        if (holds(join(order.dir, relative), bytes)) return
        written.set(relative, privateDir(order.dir).write(relative, bytes))
      },
    }
    const stops = open === undefined ? [] : await keepAll(open.coffer, dir, order)
    say('ready\n')
    await endOf(order)
    for (const stop of stops) stop()
    await open?.close()
  } catch (error) {
    say(keeperAnswer(error))
  }
  if (!order.leave) privateDir(order.dir).remove(written, order.made)
  return 0
}

/** The Coffer that the command's secrets came from. */
async function opened({ source, env }: KeeperOrder, compose: () => Promise<Composition>) {
  if (source === undefined) return undefined
  if ('address' in source) {
    const coffer = await connectTo(source)
    return { coffer, close: () => coffer.close() }
  }
  const { actor, via, answers: given, ...options } = source
  const answers = new Map(given)
  const { openPlatform } = await compose()
  const prompt = async (question: string) => answers.get(question) ?? ''
  const platform = await openPlatform({ ...options, env, prompt })
  platform.startSweeping()
  return { coffer: platform.as(actor, { via }), close: () => platform.close() }
}

interface Files {
  /** Leaves a file alone that holds this already. */
  write(relative: string, bytes: Uint8Array): void
}

async function keepAll(coffer: Coffer, dir: Files, order: KeeperOrder): Promise<(() => void)[]> {
  return order.project === undefined
    ? order.files.map(({ path, relative }) => keepSecret(coffer, dir, path, relative))
    : keepProject(coffer, dir, order.project, order.env)
}

function keepSecret(coffer: Coffer, files: Files, path: string, relative: string): () => void {
  return keepCurrent(coffer, [path], async () => {
    const found = await coffer.read({ path })
    if (found !== undefined) files.write(relative, found.secret.revealBytes())
  })
}

/** All of a project are resolved again after a change of one. */
async function keepProject(
  coffer: Coffer,
  files: Files,
  { cwd, env }: NonNullable<KeeperOrder['project']>,
  processEnv: KeeperOrder['env'],
): Promise<(() => void)[]> {
  const { findProject } = await import('../../config/project.ts')
  const { isOwn } = await import('../../config/manifest/own.ts')
  const project = await findProject(cwd)
  if (project === undefined) return []
  // A secret that cannot be read leaves its file as it is: it is not written from a cache.
  const options = { coffer, env, processEnv, onOffline: false } as const
  const references = await project.references(project.environmentName(options))
  const providers = project.manifest?.providers ?? {}
  const paths = references.filter((ref) => isOwn({ providers }, ref)).map(({ key }) => key)
  const refresh = async (): Promise<void> => {
    const resolved = await project.resolveEnvironment(options)
    for (const [name, secret] of resolved) files.write(name, secret.revealBytes())
  }
  return [keepCurrent(coffer, [...new Set(paths)], refresh)]
}

/**
 * Does `refresh` now, since something may have changed before we watched, and after each change of a
 * path; one at a time, and again after a failure. Returns a stop.
 */
function keepCurrent(
  coffer: Coffer,
  paths: readonly string[],
  refresh: () => Promise<void>,
): () => void {
  const state = { wanted: 0, busy: false, stopped: false }
  const catchUp = async (): Promise<void> => {
    if (state.busy) return
    state.busy = true
    for (let done = -1; done !== state.wanted && !state.stopped;) {
      done = state.wanted
      await refresh()
    }
    state.busy = false
  }
  const changed = (): void => {
    state.wanted++
    catchUp().catch(() => {
      state.busy = false
      setTimeout(changed, RETRY_MS).unref()
    })
  }
  const stops = paths.map((path) =>
    coffer.watch(path, changed, () => setTimeout(changed, RETRY_MS).unref()),
  )
  changed()
  return () => {
    state.stopped = true
    for (const stop of stops) stop()
  }
}

function holds(file: string, bytes: Uint8Array): boolean {
  try {
    return readFileSync(file).equals(bytes)
  } catch {
    return false
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
