import { isUtf8 } from 'node:buffer'
import { CofferError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { canonicalPrefix } from '../../core/path.ts'
import type { Coffer } from '../../core/ports/coffer.ts'
import { decodeText } from '../../core/secret.ts'
import { counted } from '../counted.ts'
import { readFile } from '../files.ts'
import type { ParsedFile } from '../import/entry.ts'
import { planImport, type Planned } from '../import/plan.ts'
import { usage } from '../parse.ts'
import { recordsBelow } from '../run/resolve.ts'
import type { Session } from '../session.ts'
import type { Handler, OptionsOf } from '../spec.ts'
import type { importSpec } from '../specs/files.ts'

type Options = OptionsOf<typeof importSpec>
type Format = 'dotenv' | 'json' | 'yaml'

const PARSERS: Readonly<Record<Format, (file: string, text: string) => Promise<ParsedFile>>> = {
  dotenv: async (file, text) => (await import('../import/dotenv.ts')).parseDotenv(file, text),
  json: async (file, text) => (await import('../import/json.ts')).parseJson(file, text),
  yaml: async (file, text) => (await import('../import/yaml.ts')).parseYaml(file, text),
}

export const handle: Handler<typeof importSpec> = async ({ options, args: [file] }, session) => {
  const { prefix } = options
  if (prefix === undefined || canonicalPrefix(prefix) === '')
    throw usage(
      '--prefix is missing: say where they are stored.',
      `coffer import ${file} --prefix shop/dev/api`,
    )
  if (options.overwrite && options['skip-existing'])
    throw usage('--overwrite and --skip-existing exclude each other.')
  const parsed = await PARSERS[formatOf(file, options.format)](file, textOf(file))
  const { planned, notes } = planImport(file, parsed, prefix, options['infer-types'])
  if (planned.length === 0) throw new CofferError('invalid_argument', `${file} holds no values.`)
  const coffer = await session.coffer()
  const existing = await existingOf(coffer, planned, prefix)
  if (existing.size > 0 && !options.overwrite && !options['skip-existing'])
    throw exists([...existing])
  const wanted = planned.filter(({ path }) => !existing.has(path) || options.overwrite)
  for (const note of notes) session.out.warn(note)
  if (options['dry-run']) return showPlan(wanted, existing, session)
  const receipts = await store(coffer, wanted, options, session)
  const skipped = planned.length - wanted.length
  await session.out.result(
    {
      stored: receipts,
      skipped: planned.filter((p) => !wanted.includes(p)).map(({ path }) => path),
      notes,
    },
    () => {
      const rest = skipped === 0 ? '' : `; ${skipped} existed and were left`
      session.out.note(`${counted(receipts.length, 'secret')} stored below ${prefix}${rest}`)
      const then = file === '-' ? '' : `; when it works, delete ${file}`
      session.out.note(`Next: coffer run --prefix ${prefix} -- COMMAND${then}`)
    },
  )
}

function formatOf(file: string, given: Format | undefined): Format {
  if (given !== undefined) return given
  if (/\.json$/i.test(file)) return 'json'
  return /\.ya?ml$/i.test(file) ? 'yaml' : 'dotenv'
}

function textOf(file: string): string {
  const bytes = readFile(file, LIMITS.documentBytesMax)
  if (isUtf8(bytes)) return decodeText(bytes)
  throw new CofferError('invalid_argument', `${file} is not UTF-8 text.`)
}

/**
 * Which of the planned paths there are already, deleted ones included, as far as the actor may see
 * them. What it may not see is found by the write, which then stores nothing.
 */
async function existingOf(
  coffer: Coffer,
  planned: readonly Planned[],
  prefix: string,
): Promise<Set<string>> {
  const paths = new Set(planned.map(({ path }) => path))
  const existing = new Set<string>()
  for await (const { path } of recordsBelow(coffer, prefix, { deleted: true })) {
    if (paths.has(path)) existing.add(path)
  }
  return existing
}

/** All or nothing: one transaction. A new secret that another process made first is a conflict. */
async function store(
  coffer: Coffer,
  wanted: readonly Planned[],
  options: Options,
  session: Session,
) {
  if (wanted.length === 0) return []
  const progress = await session.out.progress('importing')
  const receipts = await coffer.writeMany(
    wanted.map(({ path, entry, type }) => ({
      path,
      input: {
        value: entry.value,
        ...(type === undefined ? {} : { type }),
        ...(entry.envName === undefined ? {} : { envName: entry.envName }),
        ...(options.overwrite ? {} : { ifRevision: 0 }),
      },
    })),
  )
  progress?.(receipts.length, receipts.length)
  return receipts
}

async function showPlan(
  wanted: readonly Planned[],
  existing: ReadonlySet<string>,
  session: Session,
): Promise<void> {
  const rows = wanted.map(({ path, entry, type }) => ({
    name: entry.name,
    path,
    type: type?.name ?? 'string',
    action: existing.has(path) ? 'new version' : 'new',
    bytes: Buffer.byteLength(entry.value),
  }))
  await session.out.result({ planned: rows }, async () => {
    await session.out.table(rows, [
      { title: 'NAME', cell: (row) => row.name },
      { title: 'PATH', cell: (row) => row.path },
      { title: 'TYPE', cell: (row) => row.type },
      { title: 'ACTION', cell: (row) => row.action },
      { title: 'BYTES', align: 'right', cell: (row) => row.bytes },
    ])
    session.out.note('Nothing was stored.')
  })
}

const exists = (paths: readonly string[]) =>
  new CofferError(
    'already_exists',
    paths.length === 1
      ? `${paths[0]} exists already; nothing was stored.`
      : `${paths.length} secrets exist already; nothing was stored.`,
    {
      remedy: 'Choose --overwrite (new versions) or --skip-existing.',
      details: { problems: paths },
    },
  )
