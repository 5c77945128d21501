import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { GUARD_OPTIONS, guarded } from '../net/guarded.ts'
import { checkConsent, exactly } from './consent.ts'
import { checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { openedLater } from './opened.ts'

/**
 * A program that prints a secret: `{ kind: command, command: "op read op://{key}" }`. Options:
 * `command`, `absent` (exit codes that say there is none, `44,45`), `env` (names of variables that it
 * is given besides the usual), `raw: 'true'`.
 *
 * `command` is words with spaces between them, or a JSON list where a word holds a space. No shell
 * reads it. `{key}` stands for the key; without it the key comes as a line on standard input. One
 * final newline of what it prints is dropped, unless `raw`. At most 1 MiB.
 *
 * Whoever may write the options has the program run: one in `coffer.yaml` has to be allowed.
 */
export function command(context: ProviderContext): Provider {
  checkOptions('command', context.options, ['command', 'absent', 'env', 'raw', ...GUARD_OPTIONS])
  if ((context.options.command ?? '') === '') {
    throw new CofferError('invalid_argument', 'The provider command has no command.', {
      remedy: 'Declare it: `providers: { op: { kind: command, command: "op read op://{key}" } }`.',
    })
  }
  checkConsent(context, exactly('the program', context.options.command))
  const about = {
    kind: 'command',
    title: 'The program',
    batchMax: 1,
    // Each is a process.
    callsMax: 8,
    timeoutMs: LIMITS.configTimeoutMs,
  }
  const open = async () => (await import('./command/service.ts')).openCommand(context)
  return guarded(openedLater(about, open), context)
}
