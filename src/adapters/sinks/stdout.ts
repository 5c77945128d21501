import type { Writable } from 'node:stream'
import { CofferError } from '../../core/errors.ts'
import type { Sink } from '../../core/ports/sink.ts'

/**
 * Writes the log's lines to a stream, the process's standard output by default: for platforms that
 * collect it. A line counts as taken when the stream says that it was handed on. It cannot tell
 * what it holds: after a start it gets what is new.
 */
export function stdoutSink(options: { readonly stream?: Writable } = {}): Sink {
  const stream = options.stream ?? process.stdout
  let guarded = false
  return {
    kind: 'stdout',
    description: 'standard output',
    append: (lines) =>
      new Promise((resolve, reject) => {
        const failed = (cause: unknown) =>
          reject(
            new CofferError('audit_unavailable', 'Standard output does not take audit lines.', {
              cause,
              remedy: 'Keep its reader running; nothing was handed out.',
            }),
          )
        if (lines.length === 0) return resolve()
        // A closed pipe is told through an event as well, which would end the process unheard.
        if (!guarded) stream.on('error', () => {})
        guarded = true
        stream.write(`${lines.join('\n')}\n`, (error) => {
          if (error === null || error === undefined) resolve()
          else failed(error)
        })
      }),
    // The stream is not ours to end.
    close: () => Promise.resolve(),
  }
}
