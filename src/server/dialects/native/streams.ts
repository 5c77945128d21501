import { CofferError } from '../../../core/errors.ts'
import { LIMITS } from '../../../core/limits.ts'
import { bearerOf } from './bearer.ts'
import { problemTextOf } from './problems.ts'
import type { Call } from './route.ts'
import { VIA } from './route.ts'

/** The streams of server-sent events that are open at one server. */
export interface Streams {
  /**
   * Follows something for as long as the client listens and its token is good. `start` is given the
   * stream and returns what stops it. Resolves when the stream has begun.
   * @throws CofferError `throttled`, and what `fail` is told before it begins
   */
  follow(call: Call, start: (stream: EventStream) => () => void): Promise<void>
  /** Ends them all: the server is being stopped. */
  close(): void
}

/** One stream of server-sent events (HTML Living Standard, 9.2). */
export interface EventStream {
  /** Answers 200: events may follow. `id`: where to go on from until there was one. */
  begin(id?: string): void
  /** False when the client is behind: wait for `drained`, or `cut`. */
  send(event: ServerEvent): boolean
  /** Calls once, when the client has read what it was sent; one that takes too long is cut off. */
  drained(then: () => void): void
  /** For a client that is behind and cannot be waited for. */
  cut(): void
  /** Tells of an error, in the stream or, before it began, instead of it; and ends. */
  fail(error: unknown): void
  /** Ends as it should: there is nothing more to tell. */
  end(): void
}

export interface ServerEvent {
  readonly event: string
  readonly data: object
  readonly id?: string | undefined
}

/** Says that the connection is alive; clients give up after a few times as long. */
const HEARTBEAT_MS = 15_000
/** How often the token is looked at again: a stream outlives its token by no more. */
const RECHECK_MS = 1_000

const LATER = { limit: 'streams', retryAfterSeconds: 1 }

export function createStreams(): Streams {
  const ends = new Set<() => void>()
  const ofActor = new Map<string, number>()

  const count = (actor: string, by: number) => {
    const now = (ofActor.get(actor) ?? 0) + by
    if (now === 0) ofActor.delete(actor)
    else ofActor.set(actor, now)
  }
  const refuseMore = (actor: string) => {
    if ((ofActor.get(actor) ?? 0) >= LIMITS.streamsPerActorMax) {
      const most = `An actor has at most ${LIMITS.streamsPerActorMax} streams at a time.`
      throw new CofferError('throttled', most, { details: LATER })
    }
    if (ends.size >= LIMITS.streamsMax) {
      const most = 'The server has as many streams as it can have.'
      throw new CofferError('throttled', most, { details: LATER })
    }
  }

  return {
    follow(call, start) {
      const { actor } = call.session
      refuseMore(actor)
      return new Promise((began, refused) => {
        let stop = () => {}
        const over = () => {
          ends.delete(stream.end)
          count(actor, -1)
          stop()
        }
        const stream = createStream(call, { began, refused, over })
        ends.add(stream.end)
        count(actor, 1)
        try {
          stop = start(stream)
        } catch (error) {
          stream.fail(error)
        }
      })
    },
    close() {
      for (const end of ends) end()
    },
  }
}

interface Told {
  readonly began: () => void
  readonly refused: (error: unknown) => void
  readonly over: () => void
}

function createStream(call: Call, told: Told): EventStream {
  const { raw } = call.reply
  const timers: NodeJS.Timeout[] = []
  let state: 'waiting' | 'open' | 'over' = 'waiting'

  const finish = () => {
    if (state === 'over') return
    state = 'over'
    for (const timer of timers) clearInterval(timer)
    told.over()
  }
  const end = () => {
    const wasOpen = state === 'open'
    finish()
    if (wasOpen) raw.end()
  }
  raw.once('close', finish)

  return {
    begin(id) {
      if (state !== 'waiting') return
      state = 'open'
      call.reply.hijack()
      for (const [name, value] of Object.entries(call.reply.getHeaders())) {
        if (value !== undefined) raw.setHeader(name, value)
      }
      raw.writeHead(200, HEAD).flushHeaders()
      const recheck = () => void stillGood(call).then((good) => good || end())
      timers.push(setInterval(() => raw.write(':\n\n'), HEARTBEAT_MS).unref())
      timers.push(setInterval(recheck, RECHECK_MS).unref())
      if (id !== undefined) raw.write(`id: ${id}\n\n`)
      told.began()
    },
    send({ event, data, id }) {
      if (state !== 'open') return false
      const cursor = id === undefined ? '' : `id: ${id}\n`
      raw.write(`${cursor}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      return raw.writableLength <= LIMITS.streamBufferBytesMax
    },
    drained(then) {
      const late = setTimeout(() => raw.destroy(), LIMITS.streamStallTimeoutMs).unref()
      timers.push(late)
      raw.once('drain', () => {
        clearTimeout(late)
        if (state === 'open') then()
      })
    },
    cut: () => void raw.destroy(),
    fail(error) {
      if (state === 'waiting') told.refused(error)
      else if (state === 'open') {
        raw.write(`event: error\ndata: ${problemTextOf(error, call.request.id)}\n\n`)
      }
      end()
    },
    end,
  }
}

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** Whether the token would still be let in. A check is a use, where uses are limited. */
async function stillGood({ server, request, session }: Call): Promise<boolean> {
  try {
    const from = { address: request.ip, via: VIA, request: request.id }
    const { identities } = server.gate.platform()
    const now = await identities.authenticate(bearerOf(request.headers.authorization) ?? '', from)
    return now?.actor === session.actor
  } catch {
    // Sealed, or a store that cannot be asked: nobody vouches for the token.
    return false
  }
}
