import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { CofferError, ERRORS, isCofferError, type ErrorCode } from '../../core/errors.ts'
import type { AuditHead } from '../../core/ports/coffer.ts'
import type { Delivery } from '../commands/run.ts'
import { KEEPER } from '../registry.ts'
import type { ServerPlace } from '../remote.ts'
import { viaOf, type Session } from '../session.ts'
import { privateDir } from './private-dir.ts'
import { identify, type ProcessIdentity } from './process-identity.ts'

/** What the keeper is told, over a pipe: it holds what opens the store. */
export interface KeeperOrder {
  readonly dir: string
  readonly files: readonly { readonly path: string; readonly relative: string }[]
  /** Keeps all that the project of this folder refers to, named by variable, in place of `files`. */
  readonly project?: { readonly cwd: string; readonly env?: string | undefined } | undefined
  /** All files and what tells each from a later one, also those that nothing keeps current. */
  readonly written: readonly (readonly [string, string])[]
  /** Folders that were made for them. */
  readonly made: readonly string[]
  readonly leave: boolean
  readonly until: ProcessIdentity
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absent where nothing came from a Coffer: then there is nothing to watch. */
  readonly source?: LocalStore | ServerPlace | undefined
}

interface LocalStore {
  readonly actor: string
  readonly via: string
  readonly dataDir: string
  readonly auditDir?: string | undefined
  readonly sealOptions: Readonly<Record<string, string | undefined>>
  readonly checkpoint?: AuditHead | undefined
  /** What the person answered to the seal's questions. */
  readonly answers: readonly (readonly [string, string])[]
}

const READY_MS = 15_000

/**
 * Writes each secret as a file below `dir`, and leaves a keeper behind that writes them again when
 * they change and removes them when this process, or what it becomes, ends. The keeper has an empty
 * environment; what opens the store reaches it over a pipe, never by argument or file.
 * @throws CofferError; then nothing is left in `dir`
 */
export async function keepFiles(
  dir: string,
  deliveries: readonly Delivery[],
  session: Session,
  options: {
    readonly leave: boolean
    readonly project?: KeeperOrder['project']
    /** Whether something came from a Coffer. */
    readonly watches: boolean
  },
): Promise<void> {
  refuseNesting(deliveries)
  const root = resolve(session.world.cwd, dir)
  const target = privateDir(root)
  const written = new Map<string, string>()
  try {
    for (const { relative, secret } of deliveries)
      written.set(relative, target.write(relative, secret.revealBytes()))
    await startKeeper({
      dir: root,
      files: deliveries.flatMap(({ path, relative }) =>
        path === undefined ? [] : [{ path, relative }],
      ),
      written: [...written],
      made: target.made,
      leave: options.leave,
      project: options.project,
      until: identify(process.pid),
      env: session.world.env,
      ...(options.watches
        ? { source: (await session.serverPlace()) ?? (await localStore(session)) }
        : {}),
    })
  } catch (error) {
    target.remove(written, target.made)
    throw error
  }
}

async function localStore(session: Session): Promise<LocalStore> {
  const { dataDir = '', auditDir, sealOptions = {}, checkpoint } = await session.options()
  const [actor, via] = await Promise.all([session.actor(), viaOf(session)])
  return { actor, via, dataDir, auditDir, sealOptions, checkpoint, answers: [...session.answers] }
}

/** A file cannot be a folder too. @throws CofferError `env_collision` */
function refuseNesting(deliveries: readonly Delivery[]): void {
  const files = new Set(deliveries.map(({ relative }) => relative))
  for (const { relative, subject } of deliveries) {
    const segments = relative.split('/')
    for (let n = 1; n < segments.length; n++) {
      const folder = segments.slice(0, n).join('/')
      if (files.has(folder)) {
        throw new CofferError(
          'env_collision',
          `${subject} needs a folder ${folder}, which is the file of another secret.`,
          {
            remedy: 'Give a prefix that holds only one of them.',
          },
        )
      }
    }
  }
}

/**
 * A shell starts the keeper in the background of a session of its own and ends: the command has no
 * child that it does not know, and the terminal's signals pass the keeper by.
 */
function startKeeper(order: KeeperOrder): Promise<void> {
  const script = '"$@" <&3 3<&- 2>/dev/null &'
  const entry = process.argv[1] ?? ''
  const shell = spawn(
    '/bin/sh',
    ['-c', `exec 3<&0; ${script}`, 'sh', process.execPath, entry, KEEPER],
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: {},
    },
  )
  shell.stdin.on('error', () => {})
  shell.stdin.end(JSON.stringify(order))
  return new Promise((done, failed) => {
    let answer = ''
    const timer = setTimeout(() => finish(), READY_MS)
    const finish = (): void => {
      clearTimeout(timer)
      shell.stdout.destroy()
      if (answer === 'ready\n') done()
      else failed(keeperFailed(answer))
    }
    shell.once('error', finish)
    shell.stdout.setEncoding('utf8').on('data', (text: string) => {
      answer += text
      if (answer.endsWith('\n')) finish()
    })
    shell.stdout.once('end', finish)
  })
}

/** The keeper says `ready`, or the code and message of what stopped it. */
function keeperFailed(answer: string): CofferError {
  const [code = '', message = ''] = answer.trim().split('\t')
  return code in ERRORS
    ? new CofferError(code as ErrorCode, message)
    : new CofferError('internal', 'The keeper of the files did not start.')
}

export const keeperAnswer = (error: unknown): string =>
  isCofferError(error)
    ? `${error.code}\t${error.message.replace(/\s+/g, ' ')}\n`
    : 'internal\tThe keeper of the files failed.\n'
