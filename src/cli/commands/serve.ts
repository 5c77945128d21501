import { existsSync } from 'node:fs'
import { inspectSeal } from '../../compose.ts'
import type { PlatformOptions } from '../../compose.ts'
import { pooledRandom } from '../../compose/random.ts'
import { isCofferError } from '../../core/errors.ts'
import { ratesOf } from '../../server/guard/rates.ts'
import { LOG_LEVELS } from '../../server/log/log.ts'
import type { LogLevel } from '../../server/log/log.ts'
import { serve as serveStore } from '../../server/serve.ts'
import type { Serving } from '../../server/serve.ts'
import { confirmed } from '../confirm.ts'
import { makeStore, placeForStore } from '../make-store.ts'
import type { MadeStore } from '../make-store.ts'
import { usage } from '../parse.ts'
import { WORKER } from '../registry.ts'
import { bannerOf, startedLine } from '../serve-banner.ts'
import type { Started } from '../serve-banner.ts'
import { serveOptions } from '../serve-options.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { serve } from '../specs/serve.ts'
import { version } from '../version.ts'
import type { StopSignal } from '../world.ts'

type Options = OptionsOf<typeof serve>

export const handle: Handler<typeof serve> = async ({ options }, session) => {
  const { world, out } = session
  const place = await placeForStore(session, options)
  const { server, start, workers, logLevel } = serveOptions(options, world.env, place.dataDir)
  const { COFFER_ADDR: address = '' } = world.env
  if (address !== '') out.warn(`COFFER_ADDR is not looked at: this serves ${place.dataDir}`)
  const rates = ratesOf(options.limit)
  const log = { level: levelOf(logLevel), text: world.stderr.isTTY && !out.json }
  const store = { ...(await session.options()), dataDir: place.dataDir }
  const made = await storeMade(session, place, store, options)
  const openMetrics = options['open-metrics']
  const serving = await serveStore(
    {
      store,
      server,
      start,
      rates,
      openMetrics,
      log,
      version: version(),
      clock: Date.now,
      random: pooledRandom(),
    },
    { workers, program: { exec: process.argv[1] ?? '', args: [WORKER] } },
  ).catch((error: unknown) => {
    // The store stays, so what its maker has to know is said even where no server came of it.
    for (const line of [...notesOf(made), ...(made?.report.shares ?? [])]) out.warn(line)
    throw error
  })
  let closing: Promise<void> | undefined
  const close = () => (closing ??= serving.close())
  try {
    const started: Started = {
      url: serving.url,
      ca: serving.caFile,
      dataDir: place.dataDir,
      token: made && (await firstToken(serving, made, options, session)),
      sealed: serving.gate.status().sealed,
      shares: made?.report.shares ?? [],
      protocols: server.dialects,
    }
    for (const note of notesOf(made)) out.warn(note)
    world.stdout.write(out.json ? startedLine(started) : bannerOf(started))
    return await untilStopped(session, { ...serving, close })
  } catch (error) {
    await close()
    throw error
  }
}

/** Makes the store where there is none; absent where there is one. */
async function storeMade(
  session: Session,
  place: Awaited<ReturnType<typeof placeForStore>>,
  store: PlatformOptions,
  options: Options,
): Promise<MadeStore | undefined> {
  if ((await inspectSeal(store)) !== undefined) return undefined
  await meant(session, options)
  try {
    return await makeStore(session, place, options)
  } catch (error) {
    // Another process was faster, and made it.
    if (isCofferError(error, 'store_exists') && (await inspectSeal(store)) !== undefined) {
      return undefined
    }
    throw error
  }
}

/** A folder that was typed and is not there is more often a slip than the place of a new store. */
async function meant(session: Session, { yes }: Options): Promise<void> {
  const { path, from } = await session.dataDir()
  if (from !== 'option' || existsSync(path)) return
  await confirmed(session, `There is no ${path}. Make a new, empty store there?`, yes)
}

/** Where the root key of a new store is, and what was recorded. */
const notesOf = (made: MadeStore | undefined): readonly string[] =>
  made === undefined ? [] : [...made.report.notes, ...made.recorded]

/** The administrator's first credential, of a store that this process has just made. */
async function firstToken(
  { gate }: Serving,
  { report }: MadeStore,
  options: Options,
  session: Session,
): Promise<string> {
  const { threshold } = gate.status()
  for (const share of report.shares.slice(0, threshold)) await gate.submit(share, { via: 'serve' })
  const admin = options.admin ?? (await session.actor())
  const { token } = await gate.platform().as(admin, { via: 'serve' }).identities.createToken({
    actor: admin,
    ttlSeconds: 0,
    displayName: 'first administrator',
  })
  return token.reveal()
}

/**
 * 0 when it was asked to stop and did; what a shell shows for the signal when it was asked twice.
 * Rejects when it cannot go on.
 */
function untilStopped({ world }: Session, serving: Serving): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const stops = [
    world.onSignal('SIGHUP', () => void serving.reload()),
    ...(Object.keys(NUMBERS) as StopSignal[]).map((signal) =>
      world.onSignal(signal, onStop(signal)),
    ),
  ]
  let stopping = false
  function onStop(signal: StopSignal) {
    return () => {
      if (stopping) return resolve(128 + NUMBERS[signal])
      stopping = true
      serving.log.note('stopping', { signal })
      serving.close().then(() => resolve(0), reject)
    }
  }
  serving.ended.catch(reject)
  return promise.finally(() => stops.forEach((stop) => stop()))
}

const NUMBERS: Readonly<Record<StopSignal, number>> = { SIGINT: 2, SIGTERM: 15 }

function levelOf(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text)
  if (level !== undefined) return level
  throw usage(`--log-level is one of ${LOG_LEVELS.join(', ')}.`)
}
