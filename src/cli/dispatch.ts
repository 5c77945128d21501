import { CofferError, ERRORS, isCofferError } from '../core/errors.ts'
import { report } from './failure.ts'
import {
  asksHelp,
  parseCommand,
  refuseUnknownGlobals,
  splitCommand,
  unknownCommand,
  usage,
} from './parse.ts'
import {
  commandNamed,
  COMMAND_NAMES,
  HANDLERS,
  KEEPER,
  WORKER,
  type HandlerName,
} from './registry.ts'
import { sessionOf } from './session.ts'
import type { CommandSpec, Handler } from './spec.ts'
import { BrokenPipe, type World } from './world.ts'

/** Exit code when the reader of stdout went away: what a shell shows for SIGPIPE. */
const EXIT_BROKEN_PIPE = 141

/** Does what the arguments say and resolves with the exit code. Never rejects. */
export async function dispatch(argv: readonly string[], world: World): Promise<number> {
  const json = wantsJson(argv)
  try {
    return await perform(argv, world)
  } catch (error) {
    if (error instanceof BrokenPipe) return EXIT_BROKEN_PIPE
    try {
      return report(await suggesting(error), world, json)
    } catch {
      return EXIT_BROKEN_PIPE
    }
  }
}

async function perform(argv: readonly string[], world: World): Promise<number> {
  const { before, name, after } = splitCommand(argv)
  if (name === undefined) return withoutCommand(before, world)
  refuseUnknownGlobals(before)
  if (name === KEEPER) return (await import('./run/keeper.ts')).keep(world.compose)
  if (name === WORKER) return (await import('../server/cluster/worker.ts')).runWorker()
  const load = commandNamed(name)
  if (load === undefined) throw unknownCommand(name, COMMAND_NAMES)
  const { spec, rest } = subcommandOf(await load(), after)
  const own = [...before, ...rest]
  if (spec.subcommands !== undefined || asksHelp(own, spec)) {
    const { commandHelp } = await import('./help.ts')
    const asked = asksHelp(own, spec)
    if (!asked && wantsJson(argv)) throw commandMissing(spec)
    const stream = asked ? world.stdout : world.stderr
    stream.write(commandHelp(spec))
    return asked ? 0 : 64
  }
  try {
    return await carryOut(own, spec, world)
  } catch (error) {
    throw pointingAt(spec, error)
  }
}

async function carryOut(own: readonly string[], spec: CommandSpec, world: World): Promise<number> {
  const parsed = parseCommand(own, spec)
  const { handle } = await HANDLERS[spec.name as HandlerName]()
  const session = sessionOf(world, parsed.globals, spec)
  try {
    const input = { options: parsed.options, args: parsed.args, rest: parsed.rest }
    return (await (handle as Handler<unknown>)(input as never, session)) ?? 0
  } finally {
    await session.close()
  }
}

async function withoutCommand(options: readonly string[], world: World): Promise<number> {
  if (options.includes('--version') || options.includes('-V')) {
    const { version } = await import('./version.ts')
    world.stdout.write(`coffer ${version()}\n`)
    return 0
  }
  refuseUnknownGlobals(options)
  const { overview } = await import('./help.ts')
  world.stdout.write(await overview())
  return 0
}

const commandMissing = ({ name, subcommands = {} }: CommandSpec) =>
  usage(
    `coffer ${name} needs a command: ${Object.keys(subcommands).join(', ')}.`,
    `See \`coffer ${name} --help\`.`,
  )

/** Where an argument is refused and no remedy is given, the command's own help is one. */
function pointingAt(spec: CommandSpec, error: unknown): unknown {
  const { remedy } = ERRORS.invalid_argument
  if (!isCofferError(error, 'invalid_argument') || error.remedy !== remedy) return error
  if (error.details.known !== undefined) return error
  const { message, details } = error
  return new CofferError('invalid_argument', message, {
    remedy: `See \`coffer ${spec.name} --help\`.`,
    details,
    cause: error,
  })
}

/** Goes into a group: `audit tail`. */
function subcommandOf(
  spec: CommandSpec,
  argv: readonly string[],
): { spec: CommandSpec; rest: readonly string[] } {
  if (spec.subcommands === undefined) return { spec, rest: argv }
  const { before, name, after } = splitCommand(argv)
  if (name === undefined) {
    refuseUnknownGlobals(before)
    return { spec, rest: argv }
  }
  const sub = Object.hasOwn(spec.subcommands, name) ? spec.subcommands[name] : undefined
  if (sub === undefined) throw unknownCommand(name, Object.keys(spec.subcommands), spec.name)
  return { spec: sub, rest: [...before, ...after] }
}

/** Turns what is known of an unknown word into the remedy. */
async function suggesting(error: unknown): Promise<unknown> {
  if (!isCofferError(error, 'invalid_argument')) return error
  const { unknown, known, help } = error.details
  if (typeof unknown !== 'string' || !Array.isArray(known)) return error
  const { nearest } = await import('../core/nearest.ts')
  const near = nearest(unknown, known as readonly string[])
  const remedy =
    near === undefined
      ? `See \`${String(help)}\`.`
      : `Did you mean ${near}? See \`${String(help)}\`.`
  return new CofferError('invalid_argument', error.message, { remedy })
}

/** Errors are JSON wherever `--json` stands before a `--`, also when the rest cannot be parsed. */
export const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json')
}
