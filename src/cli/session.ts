import type { PlatformOptions } from '../compose.ts'
import type { AuditHead, Coffer } from '../core/ports/coffer.ts'
import type { Operator, Platform } from '../core/ports/platform.ts'
import type { Composition } from './composition.ts'
import type { DataDir } from './data-dir.ts'
import type { Globals } from './globals.ts'
import { outputOf, type Output } from './output.ts'
import { usage } from './parse.ts'
import type { World } from './world.ts'

/** One command's way to the world and to the platform, which is opened when first asked for. */
export interface Session {
  readonly world: World
  readonly globals: Globals
  readonly out: Output
  /** What the person answered to the seal's questions, by question. */
  readonly answers: ReadonlyMap<string, string>
  /** Variables that were set and were read to open the store: one of them may hold its key. */
  readonly variablesRead: ReadonlySet<string>
  compose(): Promise<Composition>
  /** Who acts: `--as`, or the local actor. */
  actor(): Promise<string>
  /** The same, with the way in: for the audit events of what operators do. */
  operator(): Promise<Required<Pick<Operator, 'actor' | 'via'>>>
  dataDir(): Promise<DataDir>
  /** For the functions of src/compose.ts. */
  options(): Promise<PlatformOptions>
  platform(): Promise<Platform>
  coffer(): Promise<Coffer>
  close(): Promise<void>
}

export function sessionOf(world: World, globals: Globals): Session {
  let opened: Promise<Platform> | undefined
  let composed: Promise<Composition> | undefined
  let found: Promise<DataDir> | undefined
  const answers = new Map<string, string>()
  const remember = (question: string, answer: string): string => {
    answers.set(question, answer)
    return answer
  }
  const variablesRead = new Set<string>()
  const env = new Proxy(world.env, {
    get: (target, name) => {
      const value = typeof name === 'string' ? target[name] : undefined
      if (value !== undefined) variablesRead.add(name as string)
      return value
    },
  })
  const session: Session = {
    world,
    globals,
    out: outputOf(world, {
      json: globals.json,
      quiet: globals.quiet,
      color: !globals['no-color'] && !world.env.NO_COLOR && world.env.TERM !== 'dumb',
    }),
    answers,
    variablesRead,
    compose: () => (composed ??= world.compose()),
    operator: async () => ({ actor: await session.actor(), via: await viaOf(session) }),
    actor: async () => globals.as ?? (await session.compose()).localActor(),
    dataDir: () => (found ??= import('./data-dir.ts').then((m) => m.findDataDir(world, globals))),
    options: async () => ({
      dataDir: (await session.dataDir()).path,
      ...(globals['audit-dir'] === undefined ? {} : { auditDir: globals['audit-dir'] }),
      env,
      sealOptions: sealOptionsOf(globals),
      get prompt() {
        const { prompt } = world
        return prompt && (async (question: string) => remember(question, await prompt(question)))
      },
      ...(globals.checkpoint === undefined
        ? {}
        : { checkpoint: await readCheckpoint(globals.checkpoint) }),
    }),
    platform: () => {
      opened ??= (async () => {
        const [{ openPlatform }, options] = await Promise.all([
          session.compose(),
          session.options(),
        ])
        return openPlatform(options)
      })()
      return opened
    },
    coffer: async () => {
      const [platform, actor] = await Promise.all([session.platform(), session.actor()])
      return platform.as(actor, { via: await viaOf(session) })
    },
    close: async () => {
      const platform = await opened?.catch(() => undefined)
      opened = undefined
      await platform?.close()
    },
  }
  return session
}

/** `--key-file`, `--passphrase-file` and `--seal-option`, as the seal names them. */
export function sealOptionsOf(
  globals: Pick<Globals, 'key-file' | 'passphrase-file' | 'seal-option'>,
): Record<string, string> {
  const options: Record<string, string> = {}
  for (const pair of globals['seal-option']) {
    const at = pair.indexOf('=')
    if (at < 1) throw usage('--seal-option is written name=value.')
    options[pair.slice(0, at)] = pair.slice(at + 1)
  }
  if (globals['key-file'] !== undefined) options.file = globals['key-file']
  if (globals['passphrase-file'] !== undefined) options.passphraseFile = globals['passphrase-file']
  return options
}

/** With `--as`, the audit trail also names who really sat there. */
export async function viaOf(session: Session): Promise<string> {
  if (session.globals.as === undefined) return 'cli'
  const local = (await session.compose()).localActor()
  return local === session.globals.as ? 'cli' : `cli by ${local}`
}

async function readCheckpoint(file: string): Promise<AuditHead> {
  const { readFile } = await import('./files.ts')
  const text = Buffer.from(readFile(file, 65_536)).toString('utf8')
  const bad = () =>
    usage(`${file} holds no audit head.`, 'Write it with `coffer audit head --json`.')
  try {
    const head = JSON.parse(text) as Partial<AuditHead>
    const { seq, hash, generation, key } = head
    if (typeof seq !== 'number' || typeof generation !== 'number') throw bad()
    if (typeof hash !== 'string' || typeof key !== 'string') throw bad()
    return { seq, hash, generation, key }
  } catch {
    throw bad()
  }
}
