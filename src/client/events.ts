import type { ChangeEvent, Coffer } from '../core/ports/coffer.ts'
import { canonicalPrefix } from '../core/path.ts'
import type { Caller } from './caller.ts'
import { eventOf } from './document.ts'
import { subscribe } from './stream.ts'
import { errorOf } from './wire/error.ts'

/** Changes as a stream that goes on where it broke off: each once, in order. */
export const createEvents =
  (caller: Caller, closed: AbortSignal): Coffer['events'] =>
  ({ after, prefix }, each, failed, began) => {
    const query = { prefix: prefix === undefined ? undefined : canonicalPrefix(prefix), after }
    return subscribe(
      caller,
      {
        request: { method: 'GET', path: '/events', query },
        each({ name, data }) {
          if (name === 'reset') throw errorOf(eventOf(data))
          each(eventOf<ChangeEvent>(data, 'cursor', 'action', 'path'))
        },
        began,
        failed,
        keepsAlive: false,
      },
      closed,
    )
  }
