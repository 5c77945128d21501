import type { ConnectedCoffer } from '../client/connect.ts'
import type { PlatformOptions } from '../compose.ts'
import type { Project } from '../config/project.ts'
import type { AuditHead, Coffer } from '../core/ports/coffer.ts'
import type { Operator, Platform } from '../core/ports/platform.ts'
import type { Composition } from './composition.ts'
import type { DataDir } from './data-dir.ts'
import type { Globals } from './globals.ts'
import { outputOf, type Output } from './output.ts'
import { usage } from './parse.ts'
import { atTheStore, connectTo, serverAddress, serverPlace } from './remote.ts'
import type { ServerPlace } from './remote.ts'
import type { World } from './world.ts'

/** What a command may ask of a platform, wherever that is. */
export type Operations = Pick<Platform, 'doctor' | 'sweep' | 'startSweeping' | 'backup'> & {
  readonly keys: Platform['keys']
}

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
  /** The server that this command works at; undefined: the local store. */
  serverPlace(): Promise<ServerPlace | undefined>
  /** @throws CofferError `invalid_argument` where no server is named */
  client(): Promise<ConnectedCoffer>
  /** Who acts: `--as`, or the local actor; at a server whoever the token is for. */
  actor(): Promise<string>
  /** The same, with the way in: for the audit events of what operators do. */
  operator(): Promise<Required<Pick<Operator, 'actor' | 'via'>>>
  /** That the working directory is in; read once. @throws ConfigError for a malformed one */
  project(): Promise<Project | undefined>
  /** Of the local store. @throws CofferError `invalid_argument` where a server is named */
  dataDir(): Promise<DataDir>
  /** For the functions of src/compose.ts. @throws as `dataDir` */
  options(): Promise<PlatformOptions>
  /** `--checkpoint`. */
  checkpoint(): Promise<AuditHead | undefined>
  platform(): Promise<Operations>
  coffer(): Promise<Coffer>
  /**
   * For what programs do when they start: a call to a server is made behind the breaker that survives
   * a crash loop, as the references of a project are; one to the local store is just made.
   */
  guarded<T>(call: () => Promise<T>): Promise<T>
  close(): Promise<void>
}

export function sessionOf(
  world: World,
  globals: Globals,
  command: { readonly atStore?: boolean | undefined } = {},
): Session {
  let opened: Promise<Platform> | undefined
  let connected: Promise<ConnectedCoffer> | undefined
  let composed: Promise<Composition> | undefined
  let found: Promise<DataDir> | undefined
  let project: Promise<Project | undefined> | undefined
  let checkpointRead = false
  const server = serverOf(world, globals, command)
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
  const localPlatform = (): Promise<Platform> =>
    (opened ??= (async () => {
      const [{ openPlatform }, options] = await Promise.all([session.compose(), session.options()])
      return openPlatform(options)
    })())
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
    serverPlace: async () =>
      server === undefined ? undefined : serverPlace(world, globals, server),
    client: () =>
      (connected ??= (async () => {
        const place = await session.serverPlace()
        if (place === undefined) throw noServer()
        return connectTo(place)
      })()),
    operator: async () => ({ actor: await session.actor(), via: await viaOf(session) }),
    actor: async () =>
      server === undefined
        ? (globals.as ?? (await session.compose()).localActor())
        : (await (await session.client()).server.self()).actor,
    dataDir: async () => {
      if (server !== undefined) throw atTheStore()
      const { project: find } = session
      return (found ??= import('./data-dir.ts').then((m) => m.findDataDir(world, globals, find)))
    },
    project: () =>
      (project ??= import('../config/project.ts').then((m) => m.findProject(world.cwd))),
    options: async () => ({
      dataDir: (await session.dataDir()).path,
      ...(globals['audit-dir'] === undefined ? {} : { auditDir: globals['audit-dir'] }),
      env,
      sealOptions: sealOptionsOf(globals),
      get prompt() {
        const { prompt } = world
        return prompt && (async (question: string) => remember(question, await prompt(question)))
      },
      checkpoint: await session.checkpoint(),
    }),
    checkpoint: async () => {
      checkpointRead = true
      return globals.checkpoint === undefined ? undefined : readCheckpoint(globals.checkpoint)
    },
    platform: async () => {
      if (server === undefined) return localPlatform()
      const { remotePlatform } = await import('./remote-platform.ts')
      return remotePlatform(await session.client())
    },
    coffer: async () => {
      if (server !== undefined) {
        if (globals.checkpoint !== undefined && !checkpointRead) throw noCheckpoint()
        return session.client()
      }
      const [platform, actor] = await Promise.all([localPlatform(), session.actor()])
      return platform.as(actor, { via: await viaOf(session) })
    },
    guarded: async (call) => {
      if (server === undefined) return call()
      const client = await session.client()
      const { askGuarded } = await import('../compose/at-server.ts')
      return askGuarded(client, world.env, call)
    },
    close: async () => {
      const platform = await opened?.catch(() => undefined)
      const client = await connected?.catch(() => undefined)
      opened = undefined
      connected = undefined
      await platform?.close()
      await client?.close()
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

/** Commands that are about a store on this machine know no server, whatever COFFER_ADDR says. */
function serverOf(
  world: World,
  globals: Globals,
  { atStore = false }: { readonly atStore?: boolean | undefined },
): string | undefined {
  const found = serverAddress(world, globals)
  if (!atStore) return found?.address
  if (found?.asked === true) throw atTheStore()
  return undefined
}

const noCheckpoint = () =>
  usage(
    'At a server --checkpoint goes with one command only.',
    'Hold the server against it with `coffer audit verify --checkpoint FILE`.',
  )

const noServer = () =>
  usage('No server is named.', 'Give its address with --address, or in COFFER_ADDR.')

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
