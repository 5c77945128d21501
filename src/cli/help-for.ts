import { commandHelp, overview } from './help.ts'
import { unknownCommand } from './parse.ts'
import { COMMAND_NAMES, commandNamed } from './registry.ts'

/** The help page of `words`: none, a command, or a command and its subcommand. */
export async function dispatchHelp(words: readonly string[]): Promise<string> {
  const [name, second] = words
  if (name === undefined) return overview()
  const load = commandNamed(name)
  if (load === undefined) throw unknownCommand(name, COMMAND_NAMES)
  const spec = await load()
  if (second === undefined || spec.subcommands === undefined) return commandHelp(spec)
  const sub = Object.hasOwn(spec.subcommands, second) ? spec.subcommands[second] : undefined
  if (sub === undefined) throw unknownCommand(second, Object.keys(spec.subcommands), spec.name)
  return commandHelp(sub)
}
