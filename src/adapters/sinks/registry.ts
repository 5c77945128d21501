import type { Sink } from '../../core/ports/sink.ts'
import { fileSink } from './file.ts'
import { stdoutSink } from './stdout.ts'

/** What a sink may be told when it is made from words: `file:/var/log/coffer.jsonl`. */
export interface SinkFactory {
  /** One line for help. `target` is what follows the colon. */
  readonly summary: string
  make(target: string): Sink
}

/** Every kind of sink, by the name it has in options. One line per sink. */
export const SINKS = {
  file: { summary: 'append to a file', make: (target) => fileSink({ file: target }) },
  stdout: { summary: 'standard output', make: () => stdoutSink() },
} as const satisfies Record<string, SinkFactory>
