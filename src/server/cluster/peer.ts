import { CofferError, isCofferError } from '../../core/errors.ts'
import type { CofferErrorOptions, ErrorCode } from '../../core/errors.ts'

/** One end of a channel between two processes: what it is sent may hold bytes and `undefined`. */
export interface Port {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

/** Methods that the other side may call. */
export type Methods = Readonly<Record<string, (...given: never[]) => unknown>>

/** The other side, whose methods are `Theirs`. */
export interface Peer<Theirs extends Methods> {
  /** @throws what the method throws, as a CofferError; `timeout` */
  ask<M extends keyof Theirs & string>(
    method: M,
    ...given: Parameters<Theirs[M]>
  ): Promise<Awaited<ReturnType<Theirs[M]>>>
  /** Without waiting for an answer, and without one. */
  tell<M extends keyof Theirs & string>(method: M, ...given: Parameters<Theirs[M]>): void
  /** The other side is gone: whoever waits is told `unavailable`. */
  end(): void
}

/** Calls and answers over a port, in both directions. */
export function createPeer<Theirs extends Methods>(
  port: Port,
  mine: Methods,
  timeoutMs: number = ANSWER_MS_MAX,
): Peer<Theirs> {
  const waiting = new Map<number, Waiter>()
  let next = 1
  let ended = false

  const settle = (id: number, act: (waiter: Waiter) => void): void => {
    const waiter = waiting.get(id)
    if (waiter === undefined) return
    waiting.delete(id)
    clearTimeout(waiter.timer)
    act(waiter)
  }
  const perform = async ({ id, method, given }: Call): Promise<void> => {
    try {
      const work = Object.hasOwn(mine, method) ? mine[method] : undefined
      if (work === undefined) throw new CofferError('internal', 'There is no such method here.')
      const value = await work(...(given as never[]))
      if (id !== undefined) send({ kind: 'answer', id, value })
    } catch (error) {
      if (id !== undefined) send({ kind: 'failure', id, failure: failureOf(error) })
    }
  }
  /** A channel that is closed already has told, or will tell, by `end`. */
  const send = (message: Message): void => {
    if (!ended) port.send(message)
  }
  port.onMessage((given) => {
    const message = given as Message
    if (message.kind === 'call') perform(message).catch(() => {})
    else if (message.kind === 'answer')
      settle(message.id, ({ resolve }) => resolve(message.value as never))
    else settle(message.id, ({ reject }) => reject(errorOf(message.failure)))
  })

  return {
    ask: (method, ...given) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(gone())
        const id = next++
        const timer = setTimeout(() => {
          settle(id, () => reject(new CofferError('timeout', 'Another process did not answer.')))
        }, timeoutMs)
        waiting.set(id, { resolve, reject, timer })
        send({ kind: 'call', id, method, given })
      }),
    tell: (method, ...given) => send({ kind: 'call', method, given }),
    end() {
      ended = true
      for (const id of waiting.keys()) settle(id, ({ reject }) => reject(gone()))
    },
  }
}

/** An error as plain data: of an unknown one nothing but that it was one. */
export interface Failure extends Pick<CofferErrorOptions, 'remedy' | 'details'> {
  readonly code: ErrorCode
  readonly message: string
}

export function failureOf(error: unknown): Failure {
  if (isCofferError(error)) return error.toJSON()
  return { code: 'internal', message: 'Another process of the server failed unexpectedly.' }
}

export const errorOf = ({ code, message, ...options }: Failure): CofferError =>
  new CofferError(code, message, options)

const ANSWER_MS_MAX = 30_000

const gone = () => new CofferError('unavailable', 'Another process of the server is gone.')

interface Waiter {
  readonly resolve: (value: never) => void
  reject(error: unknown): void
  readonly timer: NodeJS.Timeout
}

interface Call {
  readonly kind: 'call'
  /** Absent: nobody waits for an answer. */
  readonly id?: number
  readonly method: string
  readonly given: readonly unknown[]
}

type Message =
  | Call
  | { readonly kind: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly failure: Failure }
