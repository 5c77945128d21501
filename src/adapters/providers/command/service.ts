import { createHash } from 'node:crypto'
import path from 'node:path'
import { CofferError } from '../../../core/errors.ts'
import type { ErrorCode } from '../../../core/errors.ts'
import { contentSecret } from '../content.ts'
import type { ProviderContext } from '../context.ts'
import { answerEach } from '../opened.ts'
import type { OpenedService } from '../opened.ts'
import { runProgram } from '../program.ts'
import type { Ended } from '../program.ts'
import { readWords, takesKey, withKey } from './words.ts'

/** @throws CofferError `invalid_argument` for options that cannot be understood */
export async function openCommand({ env, options }: ProviderContext): Promise<OpenedService> {
  const words = readWords(options.command ?? '')
  const absent = readCodes(options.absent)
  const given = environmentOf(env, options.env)
  const shown = JSON.stringify(path.basename(words[0] ?? ''))
  const scope = createHash('sha256')
    .update(JSON.stringify([words, given]))
    .digest('hex')
  return {
    scope,
    call: (refs, signal) =>
      answerEach(refs, async ({ key, label, version }) => {
        if (label !== undefined || version !== undefined) {
          throw new CofferError('invalid_reference', 'A program knows no labels and no versions.')
        }
        const [program = '', ...args] = withKey(words, key)
        const input = takesKey(words) ? undefined : `${key}\n`
        const ended = await runProgram(program, args, { env: given, input, signal, shown })
        if (isAbsent(ended, absent)) return undefined
        if (ended.code !== 0) throw failure(ended, shown)
        return { secret: secretOf(`command:${key}`, ended.output, options.raw === 'true') }
      }),
  }
}

/** The exit codes of sysexits.h, as `coffer get` itself ends with them. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  69: 'unavailable',
  75: 'throttled',
  77: 'denied',
  78: 'invalid_config',
}
const ABSENT = 66

const isAbsent = ({ code }: Ended, named: readonly number[]) =>
  code !== null && (named.includes(code) || (named.length === 0 && code === ABSENT))

function failure({ code, signal }: Ended, shown: string): CofferError {
  const how =
    code === null ? `was ended by ${signal ?? 'a signal'}` : `ended with exit code ${code}`
  const errorCode = code === null ? undefined : CODES[code]
  return new CofferError(errorCode ?? 'unavailable', `The program ${shown} ${how}.`, {
    remedy:
      'Run it by hand to see what it says; where that code means that there is none, name it in the option `absent`.',
  })
}

function secretOf(name: string, output: Uint8Array, raw: boolean) {
  if (raw) return contentSecret(name, output)
  const dropped = output.at(-1) !== 0x0a ? 0 : output.at(-2) === 0x0d ? 2 : 1
  return contentSecret(name, output.subarray(0, output.length - dropped))
}

function readCodes(text: string | undefined): readonly number[] {
  if (text === undefined) return []
  const codes = text.split(',').map((part) => part.trim())
  if (codes.every((code) => /^\d{1,3}$/.test(code) && code !== '0' && Number(code) < 256)) {
    return codes.map(Number)
  }
  throw new CofferError('invalid_argument', '`absent` is exit codes from 1 to 255: "44,45".')
}

/** What programs need to find their files and speak a language; the rest is named by the option. */
const USUAL =
  /^(?:PATH|HOME|USER|LOGNAME|LANG|LC_[A-Z]+|TZ|TMPDIR|TEMP|TMP|XDG_[A-Z_]+|SYSTEMROOT|APPDATA|LOCALAPPDATA|USERPROFILE)$/i

function environmentOf(
  env: ProviderContext['env'],
  named: string | undefined,
): Readonly<Record<string, string>> {
  const names = (named ?? '').split(/[\s,]+/).filter((name) => name !== '')
  const wanted = Object.keys(env).filter((name) => USUAL.test(name) || names.includes(name))
  return Object.fromEntries(wanted.flatMap((name) => [[name, env[name] ?? '']]))
}
