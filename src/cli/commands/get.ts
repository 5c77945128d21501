import { isUtf8 } from 'node:buffer'
import { CofferError } from '../../core/errors.ts'
import { decodeText, type Secret } from '../../core/secret.ts'
import { pathGiven } from '../secret-path.ts'
import type { Handler } from '../spec.ts'
import type { get } from '../specs/values.ts'

export const handle: Handler<typeof get> = async ({ options, args: [given] }, session) => {
  const path = await pathGiven(session, given, options)
  const coffer = await session.coffer()
  const found = await coffer.read({ path, version: options.version, label: options.label })
  if (found === undefined) throw absent(path, options.version, options.label)
  const bytes = await bytesOf(found.secret, options.field)
  if (options.out !== undefined) {
    const { writePrivateFile } = await import('../files.ts')
    writePrivateFile(options.out, bytes)
    const { path, version, labels, type } = found
    await session.out.result({ path, version, labels, type: type.name, file: options.out }, () =>
      session.out.note(`${found.path} v${found.version} written to ${options.out}`),
    )
    return
  }
  if (session.out.json) {
    const text = isUtf8(bytes)
    await session.out.result(
      {
        path: found.path,
        version: found.version,
        labels: found.labels,
        type: found.type.name,
        encoding: text ? found.encoding : 'base64',
        value: text ? decodeText(bytes) : Buffer.from(bytes).toString('base64'),
      },
      () => {},
    )
    return
  }
  const { stdout } = session.world
  const terminal = stdout.isTTY
  if (terminal && !options.raw && isActedOn(bytes)) {
    throw new CofferError(
      'invalid_argument',
      'A terminal would act on this value: it holds bytes or control characters.',
      {
        remedy: 'Write it to a file with --out FILE, or print it anyway with --raw.',
      },
    )
  }
  session.out.raw(bytes)
  if (terminal && !options.raw) session.out.raw('\n')
}

async function bytesOf(secret: Secret<unknown>, field: string | undefined): Promise<Uint8Array> {
  if (field === undefined) return secret.revealBytes()
  const { materialOf } = await import('../../config/extract.ts')
  return materialOf({ provider: 'coffer', key: '', field }, secret).text()
}

/** Bytes that are no text, or control characters other than newline, return and tab. */
const isActedOn = (bytes: Uint8Array): boolean =>
  // eslint-disable-next-line no-control-regex
  !isUtf8(bytes) || /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/.test(decodeText(bytes))

function absent(path: string, version: number | undefined, label: string | undefined): CofferError {
  const which =
    version !== undefined
      ? ` version ${version} of`
      : label !== undefined
        ? ` label ${label} on`
        : ''
  return new CofferError('not_found', `There is no${which === '' ? ' secret' : which} ${path}.`, {
    details: { path },
  })
}
