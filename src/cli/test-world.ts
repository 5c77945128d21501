import { randomBytes } from 'node:crypto'
import type { EventEmitter } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dispatch } from './dispatch.ts'
import type { World } from './world.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
  /** Bytes of stdout. */
  readonly bytes: Buffer
  /** stdout as JSON. */
  json<T = Record<string, unknown>>(): T
}

export interface RunOptions {
  readonly input?: string | Uint8Array
  readonly tty?: boolean
  readonly env?: Readonly<Record<string, string | undefined>>
  readonly cwd?: string
  /** Answers to hidden questions and to yes-or-no questions, in order. */
  readonly answers?: readonly string[]
  readonly interrupt?: AbortSignal
  readonly compose?: World['compose']
  /** Emits what the command takes for signals of the system. */
  readonly signals?: EventEmitter
  /** Told of each piece of stdout as it is written. */
  readonly printed?: (text: string) => void
}

/** A real store in a folder of its own, and the command line in this process, for tests. */
export interface Bench extends AsyncDisposable {
  readonly dir: string
  readonly env: Readonly<Record<string, string | undefined>>
  readonly questions: readonly string[]
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
}

/** `init` is done unless `bare`. */
export async function bench(options: { readonly bare?: boolean } = {}): Promise<Bench> {
  const dir = mkdtempSync(join(tmpdir(), 'coffer-cli-'))
  mkdirSync(join(dir, 'work'))
  const env = {
    PATH: process.env.PATH,
    HOME: dir,
    XDG_CONFIG_HOME: join(dir, 'config'),
    COFFER_DATA_DIR: join(dir, 'data'),
    COFFER_MASTER_KEY: randomBytes(32).toString('base64'),
  }
  const questions: string[] = []
  const made: Bench = {
    dir,
    env,
    questions,
    run: (args, run = {}) => perform(args, { ...run, env: { ...env, ...run.env } }, dir, questions),
    [Symbol.asyncDispose]: async () => rmSync(dir, { recursive: true, force: true }),
  }
  if (options.bare !== true) {
    const { code, err } = await made.run(['init'])
    if (code !== 0) throw new Error(`init failed: ${err}`)
  }
  return made
}

async function perform(
  args: readonly string[],
  options: RunOptions & { readonly env: Readonly<Record<string, string | undefined>> },
  dir: string,
  questions: string[],
): Promise<Ran> {
  const chunks: Buffer[] = []
  let err = ''
  const answers = [...(options.answers ?? [])]
  const answer = (question: string): string => {
    questions.push(question)
    return answers.shift() ?? ''
  }
  const tty = options.tty === true
  const world: World = {
    env: options.env,
    cwd: options.cwd ?? join(dir, 'work'),
    now: Date.now,
    stdin: { isTTY: tty, readAll: () => Buffer.from(options.input ?? '') },
    stdout: {
      isTTY: tty,
      columns: 100,
      write: (chunk) => {
        chunks.push(Buffer.from(chunk))
        options.printed?.(Buffer.from(chunk).toString())
      },
    },
    stderr: {
      isTTY: false,
      columns: 100,
      write: (chunk) => void (err += Buffer.from(chunk).toString()),
    },
    prompt: tty ? async (question) => answer(question) : undefined,
    confirm: tty ? async (question) => answer(question) === 'yes' : undefined,
    compose: options.compose ?? (() => import('../compose.ts')),
    interrupted: () => options.interrupt ?? new AbortController().signal,
    onSignal: (signal, handler) => {
      options.signals?.on(signal, handler)
      return () => options.signals?.off(signal, handler)
    },
  }
  const code = await dispatch(args, world)
  const bytes = Buffer.concat(chunks)
  const out = bytes.toString()
  return { code, out, err, bytes, json: <T>() => JSON.parse(out) as T }
}
