import { closeSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline/promises'
import { ReadStream } from 'node:tty'
import { CofferError } from '../core/errors.ts'
import { safeText } from './safe-text.ts'

/**
 * Asks on the terminal itself, whatever stdin and stdout are. What is typed is not shown; the
 * terminal is put back as it was, also on Ctrl-C.
 * @throws CofferError `cancelled`
 */
export async function askHidden(question: string): Promise<string> {
  return onTerminal(async (terminal, fd) => {
    writeSync(fd, `${safeText(question)} `)
    terminal.setRawMode(true)
    try {
      return await typed(terminal)
    } finally {
      terminal.setRawMode(false)
      writeSync(fd, '\n')
    }
  })
}

/** Anything but `y` or `yes` is no. */
export async function askYesNo(question: string): Promise<boolean> {
  return onTerminal(async (terminal, fd) => {
    writeSync(fd, `${safeText(question)} [y/N] `)
    const lines = createInterface({ input: terminal })
    try {
      const answer = await new Promise<string>((resolve) => {
        lines.once('line', resolve)
        lines.once('close', () => resolve(''))
      })
      return /^y(es)?$/i.test(answer.trim())
    } finally {
      lines.close()
    }
  })
}

async function onTerminal<T>(ask: (terminal: ReadStream, fd: number) => Promise<T>): Promise<T> {
  const fd = openSync('/dev/tty', 'r+')
  const output = openSync('/dev/tty', 'w')
  const terminal = new ReadStream(fd)
  try {
    return await ask(terminal, output)
  } finally {
    terminal.destroy()
    closeSync(output)
  }
}

const CTRL_C = 0x03
const CTRL_D = 0x04
const BACKSPACE = new Set([0x08, 0x7f])
const CTRL_U = 0x15
const ENTER = new Set([0x0a, 0x0d])

/** Bytes up to Enter; Backspace takes one character off, Ctrl-U all. */
function typed(terminal: ReadStream): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes: number[] = []
    const end = () => terminal.off('data', take)
    const take = (chunk: Buffer): void => {
      for (const [at, byte] of chunk.entries()) {
        if (byte === CTRL_C || (byte === CTRL_D && bytes.length === 0)) {
          end()
          return reject(new CofferError('cancelled', 'It was cancelled at the prompt.'))
        }
        if (ENTER.has(byte) || byte === CTRL_D) {
          end()
          const rest = chunk.subarray(at + 1).some((later) => !ENTER.has(later))
          return rest ? reject(manyLines()) : resolve(Buffer.from(bytes).toString('utf8'))
        }
        if (byte === CTRL_U) bytes = []
        else if (BACKSPACE.has(byte)) dropCharacter(bytes)
        else bytes.push(byte)
      }
    }
    terminal.on('data', take)
    terminal.once('error', () => reject(new CofferError('cancelled', 'The terminal went away.')))
  })
}

const manyLines = () =>
  new CofferError('invalid_value', 'More than one line was pasted; nothing was stored.', {
    remedy: 'Give a value of several lines with --file FILE, or on stdin.',
  })

function dropCharacter(bytes: number[]): void {
  while (((bytes.at(-1) ?? 0) & 0xc0) === 0x80) bytes.pop()
  bytes.pop()
}
