import type { Composition } from './composition.ts'

/** Everything a command may touch outside itself; the process's own in process-world.ts. */
export interface World {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly now: () => number
  readonly stdin: InputStream
  readonly stdout: OutputStream
  readonly stderr: OutputStream
  /** Asks a person on the terminal without echo; absent where nobody can be asked. */
  readonly prompt?: ((question: string) => Promise<string>) | undefined
  /** Asks yes or no on the terminal; absent where nobody can be asked. */
  readonly confirm?: ((question: string) => Promise<boolean>) | undefined
  readonly compose: () => Promise<Composition>
  /** Aborted when the person interrupts a command that runs until it is stopped. */
  readonly interrupted: () => AbortSignal
  /** Called each time instead of the process ending. Returns a stop. */
  readonly onSignal: (signal: StopSignal | 'SIGHUP', handler: () => void) => () => void
}

export type StopSignal = 'SIGINT' | 'SIGTERM'

export interface InputStream {
  readonly isTTY: boolean
  /** All of it. @throws CofferError `too_large` past `bytesMax` */
  readAll(bytesMax: number): Uint8Array
}

export interface OutputStream {
  readonly isTTY: boolean
  readonly columns: number
  /** Returns when it is written. @throws BrokenPipe when nobody reads any more */
  write(chunk: string | Uint8Array): void
}

/** The reader of our output has gone: nothing is wrong, and nothing more is to be said. */
export class BrokenPipe extends Error {}
