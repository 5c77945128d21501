import { GLOBAL_OPTIONS } from './globals.ts'
import { ALIASES, allSpecs } from './registry.ts'
import type { ArgumentSpec, CommandSpec, OptionSpec } from './spec.ts'

const WIDTH = 100

/** What `coffer` alone and `coffer help` print. */
export async function overview(): Promise<string> {
  const sections = await allSpecs()
  const widest = Math.max(...sections.flatMap(({ commands }) => commands.map((c) => c.name.length)))
  const lines = ['Usage: coffer COMMAND [OPTIONS]', '']
  for (const { title, commands } of sections) {
    lines.push(`${title}:`)
    for (const { name, summary } of commands) lines.push(`  ${name.padEnd(widest)}  ${summary}`)
    lines.push('')
  }
  lines.push(
    'Examples:',
    '  coffer init',
    '  coffer import .env --prefix shop/dev/api',
    '  coffer run --prefix shop/dev/api -- node server.js',
    '',
    '`coffer help COMMAND` shows its options and examples.',
    '',
  )
  return lines.join('\n')
}

/** The help page of one command or group. */
export function commandHelp(spec: CommandSpec): string {
  const lines = [`Usage: ${usageLine(spec)}`, '', ...wrap(sentence(spec.summary), 0)]
  for (const paragraph of spec.description ?? []) lines.push('', ...wrap(paragraph, 0))
  const subcommands = Object.values(spec.subcommands ?? {})
  if (subcommands.length > 0) lines.push('', 'Commands:', ...rows(subcommands.map(commandRow)))
  if (spec.arguments !== undefined && spec.arguments.length > 0) {
    lines.push(
      '',
      'Arguments:',
      ...rows(spec.arguments.map((a) => [a.name.toUpperCase(), a.summary])),
    )
  }
  const options = Object.entries<OptionSpec>(spec.options ?? {})
  if (options.length > 0) lines.push('', 'Options:', ...rows(options.map(optionRow)))
  lines.push(
    '',
    'Global options:',
    ...rows(Object.entries<OptionSpec>(GLOBAL_OPTIONS).map(optionRow)),
  )
  lines.push('', 'Examples:', ...rows(spec.examples.map((e) => [e.command, e.note])))
  const others = aliasesOf(spec.name)
  if (others.length > 0) lines.push('', `Also: coffer ${others.join(', coffer ')}`)
  return `${lines.join('\n')}\n`
}

export function usageLine(spec: CommandSpec): string {
  const parts = [`coffer ${spec.name}`]
  if (spec.subcommands !== undefined) parts.push('COMMAND')
  parts.push('[OPTIONS]')
  for (const argument of spec.arguments ?? []) parts.push(argumentWord(argument, spec))
  return parts.join(' ')
}

export const aliasesOf = (name: string): string[] =>
  [...ALIASES].filter(([, target]) => target === name).map(([alias]) => alias)

/** `--limit N` with what it does and what holds without it. */
export function optionRow([name, option]: [string, OptionSpec]): [string, string] {
  const short = option.short === undefined ? '' : `-${option.short}, `
  const value = option.type === 'boolean' ? '' : ` ${option.value ?? 'VALUE'}`
  const tail = option.default === undefined ? '' : ` (default: ${option.default})`
  return [`${short}--${name}${value}`, `${option.summary}${tail}`]
}

const commandRow = (spec: CommandSpec): [string, string] => [
  spec.name.slice(spec.name.indexOf(' ') + 1),
  spec.summary,
]

function argumentWord(argument: ArgumentSpec, spec: CommandSpec): string {
  const word = `${argument.name.toUpperCase()}${argument.variadic === true ? '…' : ''}`
  const shown = argument.optional === true ? `[${word}]` : word
  return spec.passThrough === true ? `-- ${shown}` : shown
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`

const COLUMN_MAX = 34

/** Two columns; a left side that is too wide has its right side on the next line. */
function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const fitting = pairs.map(([left]) => left.length).filter((length) => length <= COLUMN_MAX)
  const column = Math.max(0, ...fitting) + 4
  return pairs.flatMap(([left, right]) => {
    if (right === '') return [`  ${left}`]
    const [first = '', ...others] = wrap(right, column)
    const text = first.trimStart()
    if (left.length + 4 > column) return [`  ${left}`, `${' '.repeat(column)}${text}`, ...others]
    return [`  ${left}`.padEnd(column) + text, ...others]
  })
}

function wrap(text: string, indent: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(' '.repeat(indent) + line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  lines.push(' '.repeat(indent) + line)
  return lines
}
