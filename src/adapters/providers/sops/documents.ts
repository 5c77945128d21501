import path from 'node:path'
import { CofferError, isCofferError } from '../../../core/errors.ts'
import { parseExactly } from '../../../core/exact-json.ts'
import { LIMITS } from '../../../core/limits.ts'
import { OWN_KEYS } from '../../../core/own-keys.ts'
import type { ProviderAnswer, ProviderRef, ProviderValue } from '../../../core/ports/provider.ts'
import { textSecret } from '../../../core/secret.ts'
import { runProgram } from '../program.ts'
import type { Ended } from '../program.ts'
import { contentSecret } from '../content.ts'
import type { ProviderContext } from '../context.ts'
import { readFileWhole } from '../files.ts'
import { checkAsked } from './asked.ts'

/** Programs at once: each may ask a service for a key. */
const PROGRAMS_MAX = 4

/** What SOPS takes for a document, by its name; all else is bytes to it. */
const DOCUMENT = /\.(?:ya?ml|json|env|ini)$/

/** Answers in order; each file is opened once, however many of its members are wanted. */
export async function readDocuments(
  context: ProviderContext,
  refs: readonly ProviderRef[],
  signal: AbortSignal,
): Promise<ProviderAnswer[]> {
  const files = new Map<string, Promise<Uint8Array | undefined>>()
  const queue = turns(PROGRAMS_MAX)
  const open = (file: string) => {
    const known = files.get(file) ?? queue(() => decrypt(context, file, signal))
    files.set(file, known)
    return known
  }
  const { dir = '.', file } = context.options
  const read = async (ref: ProviderRef): Promise<ProviderValue | undefined> => {
    if (ref.label !== undefined || ref.version !== undefined) {
      throw refuse('SOPS keeps no labels and no versions.')
    }
    const bytes = await open(path.resolve(dir, file ?? within(ref.key)))
    if (bytes === undefined) return undefined
    const name = `sops:${ref.key}`
    return file === undefined
      ? { secret: contentSecret(name, bytes) }
      : member(bytes, ref.key, name)
  }
  return Promise.all(
    refs.map(async (ref): Promise<ProviderAnswer> => {
      try {
        return { value: await read(ref) }
      } catch (error) {
        return { error }
      }
    }),
  )
}

function within(key: string): string {
  const bad = key.split(/[/\\]/).some((part) => /^\.{0,2}$/.test(part)) || key.includes('\0')
  if (bad || key.length > LIMITS.referenceCharsMax) {
    throw refuse('A file is named by a path within its directory.')
  }
  return key
}

/** @returns undefined where there is no such file */
async function decrypt(
  { env, options }: ProviderContext,
  file: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const shown = `The file ${JSON.stringify(path.basename(file))}`
  const encrypted = await readFileWhole(file, shown, LIMITS.documentBytesMax, { follow: true })
  if (encrypted === undefined) return undefined
  await checkAsked({ env }, file, encrypted)
  const program = options['program'] ?? 'sops'
  const type = DOCUMENT.test(file) ? 'json' : 'binary'
  const given = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !OWN_KEYS.includes(entry[0]),
  )
  let ended: Ended
  try {
    ended = await runProgram(program, ['decrypt', '--output-type', type, file], {
      env: Object.fromEntries(given),
      input: undefined,
      signal,
      shown: JSON.stringify(path.basename(program)),
    })
  } catch (error) {
    if (!isCofferError(error, 'command_not_found')) throw error
    throw new CofferError('missing_dependency', 'The program sops is not installed.', {
      remedy: 'Install SOPS 3.9 or newer (getsops.io), or name it in the option program.',
    })
  }
  if (ended.code !== 0) throw failure(ended, shown)
  return Uint8Array.from(ended.output)
}

/** By exit code, of `cmd/sops/codes` of SOPS; the last row is for every other. */
const FAILURES: readonly {
  readonly codes: readonly number[]
  readonly code: 'denied' | 'corrupt' | 'unavailable'
  readonly why: string
  readonly remedy: string
}[] = [
  {
    codes: [111, 128],
    code: 'denied',
    why: 'is opened by none of the keys that SOPS finds here',
    remedy: 'Give it one that may: SOPS_AGE_KEY_FILE, a login to the cloud of its KMS, a PGP key.',
  },
  {
    codes: [24, 25, 51, 52],
    code: 'corrupt',
    why: 'was changed after it was encrypted: its MAC does not fit',
    remedy: 'Take it from version control again; change it with `sops edit` only.',
  },
  {
    codes: [1],
    code: 'corrupt',
    why: 'is no file that SOPS can open: not encrypted, or damaged',
    remedy: 'Run `sops decrypt` on it by hand to see why; encrypt it with `sops encrypt -i`.',
  },
]

function failure({ code, signal }: Ended, shown: string): CofferError {
  const row = FAILURES.find(({ codes }) => code !== null && codes.includes(code))
  if (row !== undefined) {
    return new CofferError(row.code, `${shown} ${row.why}.`, { remedy: row.remedy })
  }
  const how = code === null ? `by ${signal ?? 'a signal'}` : `with exit code ${code}`
  return new CofferError('unavailable', `${shown} was not opened: SOPS ended ${how}.`, {
    remedy: 'Run `sops decrypt` on it by hand to see what it says.',
  })
}

function member(bytes: Uint8Array, key: string, name: string): ProviderValue | undefined {
  let found: unknown = parsed(bytes)
  const steps = key.replace(/^\//, '').split('/')
  if (steps.length > LIMITS.documentDepthMax) throw refuse('The path is too deep.')
  for (const step of steps) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, step)) return undefined
    found = (found as Record<string, unknown>)[step]
  }
  if (found === undefined || found === null) return undefined
  return { secret: textSecret(name, typeof found === 'string' ? found : JSON.stringify(found)) }
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseExactly(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new CofferError('corrupt', 'What SOPS printed is no JSON document.', {
      remedy: 'Name a document in the option file: .yaml, .json, .env or .ini.',
    })
  }
}

/** Lets so many run at once; the others wait for their turn. */
function turns(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0
  const waiting: (() => void)[] = []
  return async (work) => {
    if (running >= most) await new Promise<void>((begin) => waiting.push(begin))
    running++
    try {
      return await work()
    } finally {
      running--
      waiting.shift()?.()
    }
  }
}

const refuse = (why: string) =>
  new CofferError('invalid_reference', why, { remedy: 'Write it as sops:path/file.enc.yaml#a.b.' })
