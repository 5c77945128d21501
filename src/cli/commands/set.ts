import { randomBytes } from 'node:crypto'
import { canonicalPath } from '../../core/path.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import type { TypeSpec } from '../../core/types/spec.ts'
import type { SecretValue } from '../../core/value.ts'
import { metadataOf } from '../metadata.ts'
import { usage } from '../parse.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { set } from '../specs/values.ts'
import { instant } from '../time.ts'
import { readValue } from '../value-input.ts'

type Options = OptionsOf<typeof set>

export const handle: Handler<typeof set> = async ({ options, args: [given] }, session) => {
  if (options.generate && options.file !== undefined)
    throw usage('--generate and --file exclude each other.')
  if (options.length !== undefined && !options.generate)
    throw usage('--length goes with --generate.')
  const declared =
    options.env === undefined
      ? undefined
      : await (await import('../declared.ts')).declaredHere(session, given, options.env)
  const path = declared?.path ?? canonicalPath(given)
  const typeNow = async () =>
    declared?.metadata.type ?? (await (await session.coffer()).describe(path))?.type
  const metadata = { ...declared?.metadata, ...(await metadataOf(options, typeNow)) }
  const coffer = await session.coffer()
  const now = session.world.now()
  const value = options.generate
    ? await generated(coffer, path, metadata.type, options)
    : await entered(session, path, options, metadata.type)
  const receipt = await coffer.write(path, {
    value,
    ...metadata,
    ...(options['if-version'] === undefined ? {} : { ifVersion: options['if-version'] }),
    ...(options.label.length === 0 ? {} : { labels: options.label }),
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(options.expires === undefined
      ? {}
      : { expiresAt: instant(options.expires, 'expires', now, 1) }),
    ...(options['not-before'] === undefined
      ? {}
      : { notBefore: instant(options['not-before'], 'not-before', now, 1) }),
  })
  await session.out.result(receipt, () =>
    session.out.note(
      receipt.written
        ? `${receipt.path} v${receipt.version} stored`
        : `${receipt.path} v${receipt.version} was stored before with this token; nothing was written`,
    ),
  )
  if (options.env !== undefined || receipt.version !== 1) return
  const meant = await (await import('../declared.ts')).meantByManifest(session, path)
  if (meant !== undefined) session.out.warn(meant)
}

const entered = async (
  session: Session,
  path: string,
  options: Options,
  type: TypeSpec | undefined,
): Promise<SecretValue> => {
  const value = await readValue(session.world, `Value of ${path} (not shown):`, {
    file: options.file,
    raw: options.raw,
    allowEmpty: options['allow-empty'],
  })
  return type?.name === 'binary' && typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}

/** By the type that is given, else by the one that the secret has. */
async function generated(
  coffer: Coffer,
  path: string,
  given: TypeSpec | undefined,
  options: Options,
): Promise<SecretValue> {
  const { generateValue } = await import('../../core/types/generate.ts')
  const type = given ?? (await coffer.describe(path))?.type ?? { name: 'password' as const }
  return generateValue(
    type,
    options.length === undefined ? {} : { length: options.length },
    randomBytes,
  )
}
