import { isUtf8 } from 'node:buffer'
import path from 'node:path'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import type { Provider } from '../../core/ports/provider.ts'
import { decodeText, Secret } from '../../core/secret.ts'
import { answerPlain, checkOptions } from './context.ts'
import type { ProviderContext } from './context.ts'
import { readFileWhole, translate, watchByName } from './files.ts'

/**
 * Files in a directory, one per key, as Docker and Kubernetes mount secrets. Options: `dir`
 * (default `/run/secrets`), `raw: 'true'`.
 *
 * A key is a relative path that leaves the directory neither by `..` nor through a symbolic link;
 * links within it (Kubernetes' `..data`) are followed. Of text one final newline is dropped, as
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
      answerPlain(refs, async (key) => {
        const bytes = await readWithin(dir, key)
        return { value: bytes === undefined ? undefined : { secret: secretOf(key, bytes, raw) } }
      }),
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
  if (segments.some((s) => s === '' || s === '.' || s === '..') || key.includes('\0')) {
    throw new CofferError('invalid_reference', 'A file is named by a path within its directory.')
  }
  return path.join(dir, ...segments)
}

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
