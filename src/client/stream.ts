import type { IncomingMessage } from 'node:http'
import { isCofferError } from '../core/errors.ts'
import type { ErrorCode } from '../core/errors.ts'
import { pause } from './caller.ts'
import type { Caller, Request } from './caller.ts'
import { eventOf } from './document.ts'
import { brokenOff } from './failure.ts'
import { createEventReader } from './sse.ts'
import type { ServerEvent } from './sse.ts'
import { errorOf } from './wire/error.ts'

/** A stream of server-sent events that is kept up. */
export interface Subscription {
  /** What opens it; after a gap it says how far it was heard. */
  readonly request: Request
  each(event: ServerEvent): void
  /** An outage that lasts, told once; or the end, when no trying again can help. */
  failed(error: unknown, final: boolean): void
  /** It stands: for the first time, or again after a gap. No event is told before it is done. */
  opened?(again: boolean): void | Promise<void>
  /** Told once: the first place to go on from is known. */
  readonly began?: ((id: string) => void) | undefined
  /** Whether the process stays for its sake. */
  readonly keepsAlive: boolean
}

const EVENT_STREAM = 'text/event-stream'
/** The server says something every 15 s. */
const SILENCE_MS_MAX = 45_000
const WAIT_MS_MIN = 100
const WAIT_MS_MAX = 10_000
/** A stream that stood so long was well: the next outage is a new one. */
const STEADY_MS = 5_000
const ATTEMPTS_BEFORE_TOLD = 3
const PASSING: readonly ErrorCode[] = ['unavailable', 'throttled', 'timeout', 'sealed', 'internal']

/**
 * Opens the stream, and again when it breaks, after a pause that grows. Only what may pass is tried
 * again; any other error ends it. Returns a function that stops it.
 */
export function subscribe(
  caller: Caller,
  subscription: Subscription,
  closed: AbortSignal,
): () => void {
  const controller = new AbortController()
  const signal = AbortSignal.any([controller.signal, closed])
  const { keepsAlive } = subscription
  let lastId: string | undefined
  let stood = false
  let attempts = 0

  const heard = (id: string): void => {
    const first = lastId === undefined
    lastId = id
    if (first) subscription.began?.(id)
  }

  const once = async (): Promise<void> => {
    const { request } = subscription
    const headers: Record<string, string> = lastId === undefined ? {} : { 'last-event-id': lastId }
    const message = await caller.open({ ...request, headers, signal }, EVENT_STREAM)
    const openedMs = performance.now()
    if (!keepsAlive) message.socket.unref()
    try {
      await subscription.opened?.(stood)
      stood = true
      for await (const event of eventsOf(message, signal, heard)) {
        attempts = 0
        if (event.name === 'error') throw errorOf(eventOf(event.data))
        subscription.each(event)
        if (event.id !== undefined) heard(event.id)
      }
    } finally {
      message.destroy()
      if (performance.now() - openedMs > STEADY_MS) attempts = 0
    }
  }

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      let error: unknown
      try {
        await once()
      } catch (cause) {
        error = cause
      }
      if (signal.aborted) return
      attempts += 1
      const final = error !== undefined && !passes(error)
      if (final || attempts === ATTEMPTS_BEFORE_TOLD) {
        subscription.failed(error ?? brokenOff(error), final)
      }
      if (final) return
      await pause(waitMs(attempts), signal, keepsAlive)
    }
  }

  run().catch((error: unknown) => {
    if (!signal.aborted) subscription.failed(error, true)
  })
  return () => controller.abort()
}

const passes = (error: unknown): boolean =>
  isCofferError(error) && (PASSING.includes(error.code) || error.code.startsWith('store_'))

function waitMs(attempts: number): number {
  const fullMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** attempts)
  return fullMs / 2 + (Math.random() * fullMs) / 2
}

/** Ends with the stream, or when nothing was heard for too long. @throws CofferError */
async function* eventsOf(
  message: IncomingMessage,
  signal: AbortSignal,
  heard: (id: string) => void,
): AsyncGenerator<ServerEvent> {
  const reader = createEventReader()
  const silence = setTimeout(() => message.destroy(), SILENCE_MS_MAX).unref()
  const stop = (): void => void message.destroy()
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    for await (const chunk of message as AsyncIterable<Uint8Array>) {
      silence.refresh()
      yield* reader.read(chunk)
      const id = reader.lastId()
      if (id !== undefined) heard(id)
    }
  } catch (error) {
    throw isCofferError(error) ? error : brokenOff(error)
  } finally {
    clearTimeout(silence)
    signal.removeEventListener('abort', stop)
  }
}
