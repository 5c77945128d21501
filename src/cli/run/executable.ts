import { accessSync, closeSync, constants, openSync, readSync, statSync } from 'node:fs'
import { CofferError } from '../../core/errors.ts'

/** A file that can be started. */
export interface Executable {
  readonly file: string
  /** Neither a binary nor a `#!` script: shells run such a file with /bin/sh. */
  readonly needsShell: boolean
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin'

/**
 * Finds what a command names as a shell does: by `path` unless it has a slash.
 * @throws CofferError `command_not_found` (127), `command_not_executable` (126)
 */
export function findExecutable(command: string, path: string | undefined): Executable {
  let refused: string | undefined
  for (const file of candidates(command, path ?? DEFAULT_PATH)) {
    const verdict = look(file)
    if (verdict === 'runs') return inspect(file)
    if (verdict === 'refused') refused ??= file
  }
  if (refused !== undefined) {
    throw new CofferError('command_not_executable', `${refused} cannot be executed.`)
  }
  throw new CofferError('command_not_found', `There is no command ${command}.`)
}

function candidates(command: string, path: string): readonly string[] {
  if (command === '') return []
  if (command.includes('/')) return [command]
  return path.split(':').map((folder) => `${folder === '' ? '.' : folder}/${command}`)
}

function look(file: string): 'runs' | 'refused' | 'absent' {
  try {
    if (!statSync(file).isFile()) return 'refused'
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'refused' : 'absent'
  }
  try {
    accessSync(file, constants.X_OK)
    return 'runs'
  } catch {
    return 'refused'
  }
}

/** First bytes of what the system starts by itself: ELF and the forms of Mach-O. */
const MAGIC: readonly number[] = [
  0x7f454c46, 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe, 0xcafebabe,
]

function inspect(file: string): Executable {
  const start = Buffer.alloc(256)
  const size = readStart(file, start)
  if (size === undefined) return { file, needsShell: false }
  if (size >= 2 && start[0] === 0x23 && start[1] === 0x21) {
    refuseMissingInterpreter(file, start.toString('latin1', 2, size))
    return { file, needsShell: false }
  }
  return { file, needsShell: size < 4 || !MAGIC.includes(start.readUInt32BE(0)) }
}

/** Bytes read; undefined for a file that may be executed and not read. */
function readStart(file: string, into: Buffer): number | undefined {
  let fd: number
  try {
    fd = openSync(file, 'r')
  } catch {
    return undefined
  }
  try {
    return readSync(fd, into)
  } finally {
    closeSync(fd)
  }
}

function refuseMissingInterpreter(file: string, afterMark: string): void {
  const line = afterMark.split('\n', 1)[0] ?? ''
  const interpreter = line.trimStart().split(/[ \t]/, 1)[0] ?? ''
  if (interpreter !== '' && look(interpreter) === 'runs') return
  const why = interpreter.endsWith('\r')
    ? 'its first line ends with a carriage return'
    : 'the interpreter on its first line is missing'
  throw new CofferError('command_not_executable', `${file} cannot be executed: ${why}.`)
}
