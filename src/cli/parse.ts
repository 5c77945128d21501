import { parseArgs } from 'node:util'
import { CofferError } from '../core/errors.ts'
import { GLOBAL_OPTIONS, type Globals } from './globals.ts'
import type { CommandSpec, OptionSpec } from './spec.ts'

export interface Parsed {
  readonly globals: Globals
  readonly options: Readonly<Record<string, unknown>>
  readonly args: readonly (string | undefined)[]
  readonly rest: readonly string[]
}

/** Where the command's name is in `argv`; the options before it are global ones. */
export interface Split {
  readonly before: readonly string[]
  readonly name?: string
  readonly after: readonly string[]
}

type Options = Readonly<Record<string, OptionSpec>>

/** Finds the first argument that is no option. @throws CofferError `invalid_argument` */
export function splitCommand(argv: readonly string[]): Split {
  for (const token of tokensOf(argv, GLOBAL_OPTIONS)) {
    if (token.kind !== 'positional') continue
    return {
      before: argv.slice(0, token.index),
      name: token.value,
      after: argv.slice(token.index + 1),
    }
  }
  return { before: argv, after: [] }
}

/** Whether help is asked for, which holds whatever else is wrong. */
export const asksHelp = (argv: readonly string[], spec?: CommandSpec): boolean =>
  ownTokens(argv, spec).tokens.some((token) => token.kind === 'option' && token.name === 'help')

/**
 * The command line by the spec's table. Messages never repeat what was given as a value or an
 * argument: it may be a secret that went to the wrong place.
 *
 * @throws CofferError `invalid_argument`
 */
export function parseCommand(argv: readonly string[], spec: CommandSpec): Parsed {
  const options: Options = { ...GLOBAL_OPTIONS, ...spec.options }
  const { tokens, rest } = ownTokens(argv, spec)
  const values = emptyValues(options)
  const positionals: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value)
    if (token.kind !== 'option') continue
    const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined
    if (option === undefined) throw unknownOption(token.rawName, spec, Object.keys(options))
    put(values, token, option)
  }
  return {
    globals: values as unknown as Globals,
    options: values,
    ...bind(spec, positionals, rest),
  }
}

/** @throws CofferError `invalid_argument` when an option before the command is not a global one */
export function refuseUnknownGlobals(before: readonly string[]): void {
  for (const token of tokensOf(before, GLOBAL_OPTIONS)) {
    if (token.kind === 'option' && !Object.hasOwn(GLOBAL_OPTIONS, token.name)) {
      throw unknownOption(token.rawName, undefined, Object.keys(GLOBAL_OPTIONS))
    }
  }
}

export const usage = (
  message: string,
  remedy?: string,
  details?: Record<string, string | readonly string[]>,
) =>
  new CofferError('invalid_argument', message, {
    ...(remedy === undefined ? {} : { remedy }),
    ...(details === undefined ? {} : { details }),
  })

/** For a word that names no command; `suggest.ts` finds what was meant. */
export function unknownCommand(
  name: string,
  known: readonly string[],
  group?: string,
): CofferError {
  const shown = /^[A-Za-z][\w-]{0,40}$/.test(name) ? ` ${name}` : ' of that name'
  const of = group === undefined ? 'command' : `\`coffer ${group}\` command`
  return usage(`There is no ${of}${shown}.`, undefined, {
    unknown: name,
    known,
    help: group === undefined ? 'coffer help' : `coffer ${group} --help`,
  })
}

type Token = ReturnType<typeof tokensOf>[number]

function tokensOf(argv: readonly string[], options: Options) {
  const table: Record<string, { type: 'string' | 'boolean'; multiple: true; short?: string }> = {}
  for (const [name, option] of Object.entries(options)) {
    table[name] = {
      type: option.type === 'boolean' ? 'boolean' : 'string',
      multiple: true,
      ...(option.short === undefined ? {} : { short: option.short }),
    }
  }
  return parseArgs({
    args: [...argv],
    options: table,
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens
}

/** The tokens that are the command's own, and what goes to another program. */
function ownTokens(argv: readonly string[], spec?: CommandSpec) {
  const tokens = tokensOf(argv, { ...GLOBAL_OPTIONS, ...spec?.options })
  if (spec?.passThrough !== true) return { tokens, rest: [] }
  const at = tokens.findIndex((token) => token.kind !== 'option')
  const end = tokens[at]
  if (end === undefined) return { tokens, rest: [] }
  const from = end.kind === 'option-terminator' ? end.index + 1 : end.index
  return { tokens: tokens.slice(0, at), rest: argv.slice(from) }
}

function emptyValues(options: Options): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const [name, option] of Object.entries(options)) {
    values[name] = option.multiple === true ? [] : option.type === 'boolean' ? false : undefined
  }
  return values
}

function put(
  values: Record<string, unknown>,
  token: Token & { kind: 'option' },
  option: OptionSpec,
): void {
  if (option.type === 'boolean') {
    if (token.value !== undefined) throw usage(`--${token.name} takes no value.`)
    values[token.name] = true
    return
  }
  const value = valueOf(token, option)
  if (option.multiple === true) {
    ;(values[token.name] as unknown[]).push(value)
  } else {
    if (values[token.name] !== undefined) throw usage(`--${token.name} is given twice.`)
    values[token.name] = value
  }
}

/** What an unset variable of a script must not turn into everything, or into the default. */
const PLACES: ReadonlySet<string> = new Set(['DIR', 'FILE', 'URL', 'PATH', 'ACTOR'])

function valueOf(token: Token & { kind: 'option' }, option: OptionSpec): string | number {
  const text = token.value
  const swallowed = token.inlineValue !== true && text !== undefined && /^-[^\d]/.test(text)
  if (text === undefined || swallowed) {
    throw usage(
      `--${token.name} needs a value.`,
      `Write --${token.name}=${option.value ?? 'VALUE'}; with "=" the value may begin with "-".`,
    )
  }
  if (text === '' && PLACES.has(option.value ?? '')) {
    throw usage(
      `--${token.name} is empty.`,
      `Is a variable unset? Give a ${option.value}, or leave --${token.name} out.`,
    )
  }
  if (option.choices !== undefined && !option.choices.includes(text)) {
    throw usage(`--${token.name} is one of: ${option.choices.join(', ')}.`)
  }
  if (option.type === 'string') return text
  const number = Number(text)
  const legal = option.type === 'integer' ? /^-?\d{1,15}$/.test(text) : /^[-+\d.eE]+$/.test(text)
  if (!legal || !Number.isFinite(number)) throw usage(`--${token.name} needs a number.`)
  return number
}

function bind(spec: CommandSpec, positionals: readonly string[], passed: readonly string[]) {
  const table = spec.arguments ?? []
  const variadic = table.at(-1)?.variadic === true
  const fixed = variadic ? table.slice(0, -1) : table
  const given = spec.passThrough === true ? passed : positionals
  if (!variadic && given.length > fixed.length) {
    if (spec.tooMany !== undefined) throw usage(spec.tooMany.message, spec.tooMany.remedy)
    throw usage(
      `\`coffer ${spec.name}\` takes ${count(fixed.length)}; ${given.length} ${given.length === 1 ? 'was' : 'were'} given.`,
      `See \`coffer ${spec.name} --help\`.`,
    )
  }
  const missing = table.find((argument, i) => argument.optional !== true && given[i] === undefined)
  if (missing !== undefined) {
    throw usage(
      `${missing.name.toUpperCase()} is missing: ${missing.summary}.`,
      `See \`coffer ${spec.name} --help\`.`,
    )
  }
  return {
    args: fixed.map((_, i) => given[i]),
    rest: variadic ? given.slice(fixed.length) : [],
  }
}

const count = (n: number): string =>
  n === 0 ? 'no argument' : n === 1 ? 'one argument' : `${n} arguments`

function unknownOption(rawName: string, spec: CommandSpec | undefined, known: readonly string[]) {
  const name = /^--?[A-Za-z0-9-]{1,40}/.exec(rawName)?.[0] ?? rawName.slice(0, 2)
  return usage(
    `There is no option ${name}${spec === undefined ? '' : ` of \`coffer ${spec.name}\``}.`,
    undefined,
    {
      unknown: name,
      known: known.map((option) => `--${option}`),
      help: spec === undefined ? 'coffer help' : `coffer ${spec.name} --help`,
    },
  )
}
