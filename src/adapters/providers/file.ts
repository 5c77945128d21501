import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Provider, ProviderAnswer, ProviderRef } from '../../core/ports/provider.ts'
import { decodeText, Secret } from '../../core/secret.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { readFileWhole, translate, watchByName } from './files.ts'

/**
 * Files in a directory, one per key, as Docker and Kubernetes mount secrets. Options: `dir`
 * (default `/run/secrets`), `raw: 'true'`.
 *
 * A key is a relative path that leaves the directory neither by `..` nor through a symbolic link;
 * links within it (Kubernetes' `..data`) are followed. What is asked for together is of one generation of
 * such a mount. Of text one final newline is dropped, as
 * `coffer set` does, unless `raw`; bytes that are not UTF-8 stay as they are. At most 1 MiB.
 */
export function file({ options }: ProviderContext): Provider {
  checkOptions('file', options, ['dir', 'raw'])
  const dir = path.resolve(options['dir'] ?? '/run/secrets')
  const raw = options['raw'] === 'true'
  return {
    kind: 'file',
    batchMax: 100,
    resolve: (refs) =>
      readUnswapped(dir, refs, () =>
        answerPlain(refs, async (key) => {
          const bytes = await readWithin(dir, key)
          return { value: bytes === undefined ? undefined : { secret: secretOf(key, bytes, raw) } }
        }),
      ),
    watch(ref, changed, failed) {
      try {
        return watchByName(locate(dir, ref.key), changed)
      } catch (error) {
        failed(error)
        return () => {}
      }
    },
  }
}

/** A kubelet swaps a mount once a minute, at most. */
const READINGS_MAX = 10

/**
 * Reads again what a mount was swapped under: its files would be of two generations, and one whose folder
 * was removed on the way would look absent.
 */
async function readUnswapped(
  dir: string,
  refs: readonly ProviderRef[],
  read: () => Promise<ProviderAnswer[]>,
): Promise<ProviderAnswer[]> {
  const folders = foldersOf(dir, refs)
  let before = await generationsOf(folders)
  for (let i = 0; i < READINGS_MAX; i++) {
    const answers = await read()
    const after = await generationsOf(folders)
    if (after === before) return answers
    before = after
  }
  const error = new CofferError('unavailable', 'The mount is replaced faster than it can be read.')
  return refs.map(() => ({ error }))
}

/** The directory and those below it on the way to the keys: any of them may be a mount. */
function foldersOf(dir: string, refs: readonly ProviderRef[]): readonly string[] {
  const folders = new Set([dir])
  for (const { key } of refs) {
    const parents = key.split('/').slice(0, -1)
    if (parents.some(isOutside)) continue
    parents.forEach((_, i) => folders.add(path.join(dir, ...parents.slice(0, i + 1))))
  }
  return [...folders]
}

/** Where their `..data` lead, which is another folder after each swap. */
async function generationsOf(folders: readonly string[]): Promise<string> {
  const { readlink } = await import('node:fs/promises')
  const links = folders.map((folder) => readlink(path.join(folder, '..data')).catch(() => ''))
  return JSON.stringify(await Promise.all(links))
}

async function readWithin(dir: string, key: string): Promise<Uint8Array | undefined> {
  const shown = `The file ${JSON.stringify(key)}`
  let found: string
  try {
    const named = locate(dir, key)
    const { realpath } = await import('node:fs/promises')
    const [home, real] = await Promise.all([realpath(dir), realpath(named)])
    if (!real.startsWith(home.endsWith(path.sep) ? home : home + path.sep)) {
      throw new CofferError('denied', `${shown} is a link that leaves its directory.`, {
        remedy: 'Put the file itself into the directory.',
      })
    }
    found = real
  } catch (error) {
    return translate(error, shown)
  }
  return readFileWhole(found, shown, LIMITS.valueBytesCeiling, { follow: false })
}

function locate(dir: string, key: string): string {
  const segments = key.split(/[/\\]/)
  if (segments.some(isOutside)) {
    throw new CofferError('invalid_reference', 'A file is named by a path within its directory.')
  }
  return path.join(dir, ...segments)
}

const isOutside = (segment: string) => ['', '.', '..'].includes(segment) || segment.includes('\0')

function secretOf(key: string, bytes: Uint8Array, raw: boolean): Secret<string | Uint8Array> {
  const name = `file:${key}`
  if (!isUtf8(bytes)) {
    return new Secret<string | Uint8Array>({ name, bytes, decode: (b) => Uint8Array.from(b) })
  }
  const text = raw ? bytes : bytes.subarray(0, bytes.length - finalNewline(bytes))
  return new Secret<string | Uint8Array>({ name, bytes: text, decode: decodeText })
}

function finalNewline(bytes: Uint8Array): number {
  if (bytes.at(-1) !== 0x0a) return 0
  return bytes.at(-2) === 0x0d ? 2 : 1
}
