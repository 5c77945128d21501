import { GLOBAL_OPTIONS } from './globals.ts'
import type { CommandSpec, OptionSpec } from './spec.ts'

export type Shell = 'bash' | 'zsh' | 'fish'

/** Completion scripts by shell, each from the table of commands. */
export const SHELLS: Readonly<Record<Shell, (commands: readonly CommandSpec[]) => string>> = {
  bash,
  zsh,
  fish,
}

type NamedOption = readonly [string, OptionSpec]

const optionsOf = (spec: CommandSpec | undefined): NamedOption[] => [
  ...Object.entries<OptionSpec>(spec?.options ?? {}),
  ...Object.entries<OptionSpec>(GLOBAL_OPTIONS),
]

/** Those that take a value. */
const valued = (options: CommandSpec['options']): NamedOption[] =>
  Object.entries<OptionSpec>(options ?? {}).filter(([, option]) => option.type !== 'boolean')

const wordsOf = (spec: CommandSpec): string[] =>
  (spec.arguments ?? []).flatMap((argument) => argument.words ?? [])

const lastWord = (name: string): string => name.slice(name.indexOf(' ') + 1)

const globalsWithValue = (separator: string): string =>
  valued(GLOBAL_OPTIONS)
    .map(([name]) => `--${name}`)
    .join(separator)

/** Every command and subcommand by its words: `audit tail`. */
const leaves = (commands: readonly CommandSpec[]): CommandSpec[] =>
  commands.flatMap((spec) => [spec, ...Object.values(spec.subcommands ?? {})])

function bash(commands: readonly CommandSpec[]): string {
  const cases = leaves(commands).map((spec) => {
    const subs = Object.values(spec.subcommands ?? {}).map(({ name }) => lastWord(name))
    const flags = optionsOf(spec).map(([name]) => `--${name}`)
    const files = spec.arguments?.some((a) => a.complete === 'file') === true ? 'files=1; ' : ''
    const words = [...subs, ...wordsOf(spec), ...flags]
    return `    ${quote(spec.name)}) ${files}words=${quote(words.join(' '))} ;;`
  })
  // The same option takes other values at another command.
  const values = leaves(commands).flatMap((spec) =>
    valued(spec.options).map(([name, option]) => {
      const at = quote(`${spec.name} --${name}`)
      return `    ${at}) ${valueOfBash(option)}; return ;;`
    }),
  )
  const everywhere = valued(GLOBAL_OPTIONS).map(
    ([name, option]) => `    *' --${name}') ${valueOfBash(option)}; return ;;`,
  )
  return `# bash completion of coffer
_coffer() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} name= words= files= word i
  COMPREPLY=()
  # The shell cuts --option=value in three.
  if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=\${COMP_WORDS[COMP_CWORD-2]}; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case $word in
      --) COMPREPLY=($(compgen -c -f -- "$cur")); return ;;
      ${globalsWithValue('|')}) [[ \${COMP_WORDS[i+1]} == = ]] && ((i++)); ((i++)) ;;
      -*|=) ;;
      *) case $name in '') name=$word ;; ${groups(commands).join('|')}) name="$name $word" ;; esac ;;
    esac
  done
  case "$name $prev" in
${[...values, ...everywhere].join('\n')}
  esac
  case $name in
    '') words=${quote([...commands.map(({ name }) => name), '--help', '--version'].join(' '))} ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -n $files && $cur != -* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _coffer coffer
`
}

function valueOfBash(option: OptionSpec): string {
  const words = option.choices ?? option.words
  if (words !== undefined) {
    return `COMPREPLY=($(compgen -W ${quote(words.join(' '))} -- "$cur"))`
  }
  if (option.complete === 'file') return 'COMPREPLY=($(compgen -f -- "$cur"))'
  if (option.complete === 'directory') return 'COMPREPLY=($(compgen -d -- "$cur"))'
  return ':'
}

function zsh(commands: readonly CommandSpec[]): string {
  const describe = (specs: readonly CommandSpec[]): string =>
    specs
      .map((spec) => quote(`${lastWord(spec.name)}:${spec.summary.replaceAll(':', '\\:')}`))
      .join(' ')
  const cases = leaves(commands).map((spec) => {
    if (spec.subcommands !== undefined) {
      return `    ${quote(spec.name)}) local -a subs=(${describe(Object.values(spec.subcommands))}); _describe command subs ;;`
    }
    const specs = optionsOf(spec).map(([name, option]) => quote(zshOption(name, option)))
    const tail = spec.passThrough === true ? `'*::command:_normal'` : zshArgument(spec)
    return `    ${quote(spec.name)}) _arguments -S ${[...specs, tail].join(' ')} ;;`
  })
  const globals = Object.entries(GLOBAL_OPTIONS).map(([name, option]) =>
    quote(zshOption(name, option)),
  )
  return `#compdef coffer
# zsh completion of coffer
_coffer() {
  local name
  while (( CURRENT > 2 )) && [[ $words[2] == -* ]]; do
    if [[ $words[2] == (${globalsWithValue('|')}) ]]; then
      if (( CURRENT == 3 )); then _arguments ${globals.join(' ')}; return; fi
      shift words; (( CURRENT-- ))
    fi
    shift words; (( CURRENT-- ))
  done
  if (( CURRENT == 2 )); then
    local -a commands=(${describe(commands)})
    _describe command commands
    return
  fi
  # From here the first word is the command, as \`_arguments\` has it.
  shift words; (( CURRENT-- ))
  name=$words[1]
  case $name in
    ${groups(commands).join('|')}) if (( CURRENT > 2 )); then shift words; (( CURRENT-- )); name="$name $words[1]"; fi ;;
  esac
  case $name in
${cases.join('\n')}
  esac
}
_coffer "$@"
`
}

function zshOption(name: string, option: OptionSpec): string {
  const repeat = option.multiple === true ? '*' : ''
  const text = `[${option.summary.replace(/[[\]:]/g, '\\$&')}]`
  if (option.type === 'boolean') return `${repeat}--${name}${text}`
  const words = option.choices ?? option.words
  const action =
    words !== undefined
      ? `(${words.join(' ')})`
      : option.complete === 'directory'
        ? '_files -/'
        : option.complete === 'file'
          ? '_files'
          : ' '
  return `${repeat}--${name}${text}:${(option.value ?? 'value').replace(/[:[\]]/g, ' ')}:${action}`
}

function zshArgument(spec: CommandSpec): string {
  if (spec.arguments?.some((a) => a.complete === 'file') === true) return `'*:file:_files'`
  const words = wordsOf(spec)
  return words.length === 0 ? `'*: : '` : quote(`*: :(${words.join(' ')})`)
}

function fish(commands: readonly CommandSpec[]): string {
  const lines = leaves(commands).flatMap((spec) => {
    const here = `__coffer_at ${spec.name}`
    const offer = (what: string) => `complete -c coffer -n ${quote(here)} ${what}`
    const words = wordsOf(spec)
    return [
      `complete -c coffer -n '__coffer_at ${groupOf(spec)}' -a ${quote(lastWord(spec.name))} -d ${quote(spec.summary)}`,
      ...Object.entries<OptionSpec>(spec.options ?? {}).map((option) => offer(fishOption(option))),
      ...(words.length > 0 ? [offer(`-a ${quote(words.join(' '))}`)] : []),
      ...(spec.arguments?.some((a) => a.complete === 'file') === true ? [offer('-F')] : []),
    ]
  })
  const everywhere = Object.entries<OptionSpec>(GLOBAL_OPTIONS).map(
    (option) => `complete -c coffer -n 'not __coffer_at --' ${fishOption(option)}`,
  )
  return `# fish completion of coffer
# Whether these are the words of the command so far; \`--\` once what follows is a command to run.
function __coffer_at
  set -l words
  set -l skip 1
  for word in (commandline -opc)
    if test $skip = 1
      set skip 0
      continue
    end
    if test "$word" = --
      set words --
      break
    else if contains -- $word ${globalsWithValue(' ')}
      set skip 1
    else if not string match -q -- '-*' $word
      if test -z "$words"; or contains -- "$words" ${groups(commands).join(' ')}
        set -a words $word
      end
    end
  end
  test "$words" = "$argv"
end
function __coffer_run
  set -l words (commandline -opc)
  set -l from (math (contains -i -- -- $words) + 1)
  set -l before
  test $from -le (count $words); and set before (string escape -- $words[$from..-1])
  complete --do-complete (string join ' ' -- $before (commandline -ct))
end
complete -c coffer -f
complete -c coffer -n '__coffer_at --' -a '(__coffer_run)'
${[...lines, ...everywhere].join('\n')}
`
}

/** The command that it is a subcommand of; empty of the others. */
const groupOf = ({ name }: CommandSpec): string => name.slice(0, Math.max(0, name.indexOf(' ')))

function fishOption([name, option]: NamedOption): string {
  const parts = [`-l ${name}`]
  if (option.short !== undefined) parts.push(`-s ${option.short}`)
  if (option.type !== 'boolean') parts.push(option.complete === undefined ? '-x' : '-r -F')
  const words = option.choices ?? option.words
  if (words !== undefined) parts.push(`-a ${quote(words.join(' '))}`)
  parts.push(`-d ${quote(option.summary)}`)
  return parts.join(' ')
}

const groups = (commands: readonly CommandSpec[]): string[] =>
  commands.filter((spec) => spec.subcommands !== undefined).map((spec) => spec.name)

/** For all three shells: single quotes, one inside them written as '\''. */
const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
