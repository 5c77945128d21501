import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { styleText } from 'node:util'
import type { Workspace } from './workspace.ts'

/** Shows commands as they are typed, runs them, and stops the demo where one fails. */
export interface Terminal {
  section(title: string): void
  say(text: string): void
  /** Runs to the end; what it prints is shown as it is. */
  run(...argv: string[]): void
  /** The same, with what it prints at the very left: for the last one. */
  conclude(...argv: string[]): void
  /** Runs to the end; what it prints is not shown, but returned. */
  quietly(...argv: string[]): string
  /**
   * Runs beside the demo, out of reach of the terminal's Ctrl-C; each line of its output is given
   * to `line`, and shown unless that answers with another text or with `''`.
   */
  start(
    argv: readonly string[],
    line: (text: string) => string | void,
    own?: Readonly<Record<string, string>>,
  ): ChildProcess
}

export function terminalIn({ dir: cwd, bin, env }: Workspace): Terminal {
  /** `coffer` and `node` are this checkout's and this process's own. */
  const program = ([name = '', ...args]: readonly string[]): [string, string[]] =>
    name === 'coffer' ? [process.execPath, [bin, ...args]] : [process.execPath, args]

  const execute = (argv: readonly string[]): string => {
    prompt(argv)
    const { status, stdout, stderr } = spawnSync(...program(argv), { cwd, env, encoding: 'utf8' })
    if (status === 0) return stdout + stderr
    process.stdout.write(indent(stdout + stderr))
    throw new Error(`\`${argv.join(' ')}\` ended with ${status}.`)
  }

  return {
    section: (title) => console.log(`\n${styleText('bold', title)}`),
    say: (text) => console.log(`  ${text}`),
    run: (...argv) => void process.stdout.write(indent(execute(argv))),
    conclude: (...argv) => void process.stdout.write(execute(argv)),
    quietly: (...argv) => execute(argv),
    start(argv, line, own = {}) {
      prompt([...Object.entries(own).map(([name, value]) => `${name}=${value}`), ...argv, '&'])
      const child = spawn(...program(argv), {
        cwd,
        env: { ...env, ...own },
        stdio: ['ignore', 'pipe', 'inherit'],
        detached: true,
      })
      let rest = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const each of lines) {
          const shown = line(each) ?? each
          if (shown !== '') console.log(styleText('dim', `  | ${shown}`))
        }
      })
      return child
    },
  }
}

const prompt = (argv: readonly string[]) =>
  console.log(`  ${styleText('cyan', `$ ${argv.map(shortened).join(' ')}`)}`)

/** A token is a secret, also of a demo. */
const shortened = (argument: string) => argument.replace(/(coffer_.{4})[A-Za-z0-9_-]+/, '$1…')

const indent = (text: string) => text.replace(/^(?=.)/gm, '    ')
