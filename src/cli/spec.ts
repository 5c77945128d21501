import type { Session } from './session.ts'

/**
 * What a command is, as data: parsing, help, docs/cli.md and shell completion all come from this
 * one table, so that none of them can say something else than the others.
 */
export interface CommandSpec {
  readonly name: string
  /** One line, no full stop. */
  readonly summary: string
  /** Paragraphs for its own help page. */
  readonly description?: readonly string[]
  readonly arguments?: readonly ArgumentSpec[]
  readonly options?: Readonly<Record<string, OptionSpec>>
  /** Said instead of the usual when there are more arguments than it takes. */
  readonly tooMany?: { readonly message: string; readonly remedy: string }
  readonly examples: readonly ExampleSpec[]
  /** From the first argument on nothing is an option any more: `run`. */
  readonly passThrough?: true
  /** It is about a store on this machine: `COFFER_ADDR` is not looked at. */
  readonly atStore?: true
  /** A group: its first argument names one of these, whose `name` is both words. */
  readonly subcommands?: Readonly<Record<string, CommandSpec>>
}

export interface ArgumentSpec {
  readonly name: string
  readonly summary: string
  readonly optional?: true
  /** Takes all that follow; the last one only. */
  readonly variadic?: true
  /** What it may be: for completion. */
  readonly words?: readonly string[]
  readonly complete?: Completion
}

export interface OptionSpec {
  readonly type: 'string' | 'boolean' | 'integer' | 'number'
  readonly summary: string
  /** What help calls its value: `N`, `FILE`. */
  readonly value?: string
  readonly short?: string
  /** May be given many times. */
  readonly multiple?: true
  /** What holds when it is not given, for help. */
  readonly default?: string
  readonly choices?: readonly string[]
  /** What completion offers, where more is taken. */
  readonly words?: readonly string[]
  readonly complete?: Completion
}

export type Completion = 'file' | 'directory' | 'command'

export interface ExampleSpec {
  readonly command: string
  readonly note: string
}

type ValueOf<O> = O extends { type: 'boolean' }
  ? boolean
  : O extends { multiple: true }
    ? readonly ScalarOf<O>[]
    : ScalarOf<O> | undefined

type ScalarOf<O> = O extends { choices: readonly (infer C)[] }
  ? C
  : O extends { type: 'string' }
    ? string
    : number

/** The values of a command's options, by name; a list or a flag that was not given is empty or false. */
export type OptionsOf<S> = S extends { options: infer O }
  ? { readonly [K in keyof O]: ValueOf<O[K]> }
  : object

type ArgumentOf<A> = A extends { variadic: true }
  ? never
  : A extends { optional: true }
    ? string | undefined
    : string

type ArgumentsOf<S> = S extends { arguments: infer A extends readonly unknown[] }
  ? { readonly [I in keyof A]: ArgumentOf<A[I]> }
  : readonly []

/** What a handler is given of the command line. */
export interface Input<S> {
  readonly options: OptionsOf<S>
  readonly args: ArgumentsOf<S>
  /** What a variadic argument or `--` took. */
  readonly rest: readonly string[]
}

/** Does one command. Resolves with the exit code; nothing means 0. */
export type Handler<S> = (input: Input<S>, session: Session) => Promise<number | void>

/** Keeps a spec's literal types, which give its handler typed options and arguments. */
export const defineCommand = <const S extends CommandSpec>(spec: S): S => spec
