import { CofferError } from '../core/errors.ts'
import type { ChangeEvent, Coffer } from '../core/ports/coffer.ts'
import { canonicalPrefix } from '../core/path.ts'
import type { Caller } from './caller.ts'
import { objectOf } from './document.ts'
import { subscribe } from './stream.ts'

/** Changes as a stream that goes on where it broke off: each once, in order. */
export const createEvents =
  (caller: Caller, closed: AbortSignal): Coffer['events'] =>
  ({ after, prefix }, each, failed) => {
    const query = { prefix: prefix === undefined ? undefined : canonicalPrefix(prefix), after }
    const stop = subscribe(
      caller,
      {
        request: { method: 'GET', path: '/events', query },
        each({ name, data }) {
          if (name === 'reset') {
            stop()
            failed(gone())
          } else each(objectOf<ChangeEvent>(JSON.parse(data), 'cursor', 'action', 'path'))
        },
        failed,
        keepsAlive: false,
      },
      closed,
    )
    return stop
  }

const gone = () =>
  new CofferError('expired', 'The log no longer holds the events after this cursor.', {
    remedy: 'Read what you need again, then follow from now on.',
  })
